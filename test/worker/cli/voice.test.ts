import { expect, test } from "vitest";
import { openVoice } from "../../../worker/cli/show/voice.ts";

function open(options: { json?: boolean; terminal?: boolean; noColour?: boolean }) {
  const texts = { out: "", err: "" };
  const outlet = (name: "out" | "err") => ({
    isTTY: options.terminal ?? false,
    columns: 40,
    write(text: string | Uint8Array) {
      texts[name] += text;
      return true;
    },
  });
  const voice = openVoice({
    json: options.json ?? false,
    stdout: outlet("out"),
    stderr: outlet("err"),
    noColour: options.noColour ?? false,
  });
  return { voice, texts };
}

test("with json, stdout holds objects and nothing else", () => {
  const { voice, texts } = open({ json: true, terminal: true });
  voice.say("a line");
  voice.note("a note");
  voice.passing("12 s");
  voice.object({ taskId: "k3f9ab", text: "two\nlines" });
  expect(texts.out).toBe('{"taskId":"k3f9ab","text":"two\\nlines"}\n');
  expect(texts.err).toBe("a line\na note\n");
});

test("without json, objects are not written", () => {
  const { voice, texts } = open({});
  voice.object({ taskId: "k3f9ab" });
  voice.say("a line");
  expect(texts.out).toBe("a line\n");
});

test("colours and passing lines go only to a terminal", () => {
  const piped = open({});
  piped.voice.passing("12 s");
  expect(piped.voice.tint("red", "x")).toBe("x");
  expect(piped.texts.err).toBe("");
  const shown = open({ terminal: true });
  expect(shown.voice.tint("red", "x")).toBe("\x1b[31mx\x1b[0m");
  shown.voice.passing("x".repeat(100));
  expect(shown.texts.err).toBe("x".repeat(39));
  expect(open({ terminal: true, noColour: true }).voice.tint("red", "x")).toBe("x");
});

test("a passing line is wiped before the next line", () => {
  const { voice, texts } = open({ terminal: true });
  voice.passing("12 s");
  voice.say("done");
  expect(texts.err).toBe("12 s\r\x1b[K");
});

import { expect, test } from "vitest";
import { nearestWord, parseMessage, takeOptions } from "../../bot/commands/parse.ts";

const inTask = (text: string) => parseMessage({ text, addressed: false, inTask: true });
const addressed = (text: string) => parseMessage({ text, addressed: true, inTask: false });

test("in a task's thread a word alone is a command, as part of a sentence it is for the agent", () => {
  expect(inTask("stop")).toMatchObject({ kind: "word", word: "stop" });
  expect(inTask("Stop.")).toMatchObject({ kind: "word", word: "stop" });
  expect(inTask("stop using tabs")).toMatchObject({ kind: "reply", text: "stop using tabs" });
  expect(inTask("now stop using tabs")).toMatchObject({
    kind: "reply",
    text: "stop using tabs",
    interrupt: true,
  });
  expect(inTask("now")).toMatchObject({ kind: "reply", text: "now", interrupt: false });
  expect(inTask("run the tests again")).toMatchObject({ kind: "reply" });
});

test("addressed, the first word must be one of ours", () => {
  expect(addressed("run fix the bug")).toMatchObject({ word: "run", rest: "fix the bug" });
  expect(addressed("")).toMatchObject({ kind: "word", word: "help" });
  expect(addressed("ps")).toMatchObject({ kind: "word", word: "status" });
  expect(addressed("statsu")).toMatchObject({ kind: "unknown", nearest: "status" });
  expect(addressed("xyzzyplugh")).toEqual({
    kind: "unknown",
    word: "xyzzyplugh",
    nearest: undefined,
  });
});

test.each([
  [
    "[repo=o/r base=dev agent=claude] do it",
    "do it",
    { repo: "o/r", base: "dev", agent: "claude" },
  ],
  ["do it --agent codex", "do it", { agent: "codex" }],
  ["do it --agent=codex now", "do it now", { agent: "codex" }],
  ['--agent "my-agent --yes" do it', "do it", { agent: "my-agent --yes" }],
  ["use arr[i=0] and --force", "use arr[i=0] and --force", {}],
  ["set [colour=red] here", "set [colour=red] here", {}],
  ["[base=dev and more] stays", "[base=dev and more] stays", {}],
])("options of %j", (text, left, options) => {
  expect(takeOptions(text)).toEqual({ text: left, options });
});

test("the nearest word is offered only when it is near", () => {
  expect(nearestWord("merg")).toBe("merge");
  expect(nearestWord("discrad")).toBe("discard");
  expect(nearestWord("photosynthesis")).toBeUndefined();
});

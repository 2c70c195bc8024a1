import { expect, test } from "vitest";
import { parseAgentChoice } from "../../../worker/agent/choice.ts";
import { decideDefaultAgent } from "../../../worker/agent/profiles.ts";

test("a known name is its profile, in any case", () => {
  expect(parseAgentChoice("codex")).toMatchObject({ kind: "acp", name: "codex" });
  expect(parseAgentChoice(" Scripted ")).toMatchObject({ name: "scripted", scripted: true });
});

test("a command line or a path runs in a terminal", () => {
  expect(parseAgentChoice("bash -c 'echo hi'")).toMatchObject({
    kind: "terminal",
    commandLine: "bash -c 'echo hi'",
  });
  expect(parseAgentChoice("./agent.sh")).toMatchObject({ kind: "terminal" });
});

test("a wrong name is answered with the nearest one, a strange one with the list", () => {
  expect(() => parseAgentChoice("cladue")).toThrow("Did you mean claude?");
  expect(() => parseAgentChoice("kubernetes")).toThrow(
    /no agent "kubernetes"\. Known: scripted, claude/,
  );
  expect(() => parseAgentChoice("")).toThrow("There is no agent");
});

test("a key decides the default, no key means the scripted agent", () => {
  expect(decideDefaultAgent(new Set()).name).toBe("scripted");
  expect(decideDefaultAgent(new Set(["OPENAI_API_KEY"])).name).toBe("codex");
  expect(decideDefaultAgent(new Set(["OPENAI_API_KEY", "ANTHROPIC_API_KEY"])).name).toBe("claude");
});

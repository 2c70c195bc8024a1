import { expect, test } from "vitest";
import { parseAgentChoice } from "../../../worker/agent/choice.ts";
import { configuredAgentsSchema, configuredProfiles } from "../../../worker/agent/configured.ts";
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

test("the administrator's agents are chosen by name, and win over the known ones", () => {
  const agents = configuredAgentsSchema.parse({
    mine: {
      command: ["/opt/agents/mine/bin/agent", "--acp"],
      folder: "/srv/agents/mine",
      env: { BASE_URL: "http://127.0.0.1:4010" },
      files: { ".config/mine.json": "{}" },
      modes: { ask: "careful", bypass: ["free", "yolo"] },
    },
    codex: { command: "my-codex --flag", package: "@me/codex@1.2.3" },
    screen: { protocol: "terminal", command: ["tool", "it's"] },
  });
  const configured = configuredProfiles(agents);
  expect(parseAgentChoice("mine", configured)).toMatchObject({
    kind: "acp",
    folder: "/srv/agents/mine",
    command: ["/opt/agents/mine/bin/agent", "--acp"],
    modes: { ask: ["careful"], bypass: ["free", "yolo"] },
  });
  expect(parseAgentChoice("codex", configured)).toMatchObject({
    command: ["sh", "-c", "exec my-codex --flag"],
    version: "1.2.3",
    install: { package: "@me/codex" },
  });
  expect(parseAgentChoice("screen", configured)).toMatchObject({
    kind: "terminal",
    commandLine: "'tool' 'it'\\''s'",
  });
  expect(() => parseAgentChoice("minne", configured)).toThrow("Did you mean mine?");
  expect(parseAgentChoice("acp: my-agent --stdio")).toMatchObject({
    kind: "acp",
    command: ["sh", "-c", "exec my-agent --stdio"],
  });
});

test.each([
  [{ Mine: { command: "x" } }, "a name"],
  [{ mine: {} }, "command"],
  [{ mine: { command: "x", package: "latest" } }, "exact version"],
  [{ mine: { command: "x", files: { "/etc/x": "" } } }, "files"],
])("a definition that cannot be is refused: %j", (agents, word) => {
  const parsed = configuredAgentsSchema.safeParse(agents);
  expect(JSON.stringify(parsed.error?.issues)).toContain(word);
});

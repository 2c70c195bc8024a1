import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import type { AgentHappening } from "../../../worker/agent/agent.ts";
import { openAgent } from "../../../worker/agent/open-agent.ts";
import type { AcpProfile } from "../../../worker/agent/profile.ts";
import { drive, optionsFor, scripted } from "./driving.ts";
import { SpooledProcesses } from "./spooled-processes.ts";

/** An agent that is nothing but what `answers` says: method → JavaScript that calls `reply`/`tell`. */
function oddAgent(processes: SpooledProcesses, answers: Record<string, string>): AcpProfile {
  const script = join(processes.folder, "odd.mjs");
  const cases = Object.entries({
    initialize: "reply({ protocolVersion: 1 })",
    "session/new": 'reply({ sessionId: "s" })',
    ...answers,
  }).map(([method, code]) => `${JSON.stringify(method)}: async () => { ${code} }`);
  writeFileSync(
    script,
    `import { createInterface } from "node:readline";
     const send = (message) => console.log(JSON.stringify({ jsonrpc: "2.0", ...message }));
     const tell = (update) => send({ method: "session/update", params: { sessionId: "s", update } });
     const say = (text, messageId) => tell({ sessionUpdate: "agent_message_chunk", content: { type: "text", text }, messageId });
     const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
     for await (const line of createInterface({ input: process.stdin })) {
       const { id, method } = JSON.parse(line);
       const reply = (result) => send({ id, result });
       const known = { ${cases.join(",\n")} };
       void known[method]?.();
     }`,
  );
  const modes = { ask: [], bypass: [] };
  return { ...scripted, command: [process.execPath, script], modes } as AcpProfile;
}

test("updates after the response still belong to the turn", async () => {
  using processes = new SpooledProcesses();
  const profile = oddAgent(processes, {
    "session/prompt":
      'say("early "); reply({ stopReason: "end_turn" }); await sleep(30); say("late")',
  });
  const { happenings } = await drive({ processes, profile, prompts: ["go"], drainMs: 3_000 });
  expect(happenings.slice(1)).toEqual([
    { kind: "said", text: "early late", final: true },
    { kind: "turn-ended", promptKey: "1", stopReason: "end_turn" },
  ]);
});

test("two messages without anything between them are two", async () => {
  using processes = new SpooledProcesses();
  const profile = oddAgent(processes, {
    "session/prompt": 'say("one", "a"); say("two", "b"); reply({ stopReason: "end_turn" })',
  });
  const { happenings } = await drive({ processes, profile, prompts: ["go"] });
  const said = happenings.flatMap((one) => (one.kind === "said" && one.final ? [one.text] : []));
  expect(said).toEqual(["one", "two"]);
});

test("a permission without any tool call before it, reject first, always among the options", async () => {
  using processes = new SpooledProcesses();
  const ask = `send({ id: "x1", method: "session/request_permission", params: { sessionId: "s",
    toolCall: { toolCallId: "t", title: "rm -rf build", kind: "execute", rawInput: { command: "rm -rf build" } },
    options: [{ optionId: "n", name: "No", kind: "reject_once" }, { optionId: "a", name: "Always", kind: "allow_always" }] } })`;
  const profile = oddAgent(processes, {
    "session/prompt": `${ask}; await sleep(300); reply({ stopReason: "end_turn" })`,
  });
  const { happenings } = await drive({
    processes,
    profile,
    prompts: ["go"],
    choose: "allow_always",
  });
  expect(happenings.find((one) => one.kind === "permission")).toMatchObject({
    permission: {
      title: "rm -rf build",
      options: [{ kind: "reject_once" }, { kind: "allow_always" }],
      tool: { command: "rm -rf build" },
    },
  });
  const input = String(await (await processes.process("agent-1"))?.inputSoFar());
  expect(input).toContain('"id":"x1","result":{"outcome":{"outcome":"selected","optionId":"a"}}');
});

test("a question that the agent takes back is told as closed", async () => {
  using processes = new SpooledProcesses();
  const ask = `send({ id: 7, method: "session/request_permission", params: { sessionId: "s", options: [{ optionId: "y", name: "Yes", kind: "allow_once" }] } });
    await sleep(50); send({ method: "$/cancel_request", params: { requestId: 7 } }); reply({ stopReason: "end_turn" })`;
  const profile = oddAgent(processes, { "session/prompt": ask });
  await using agent = await openAgent(optionsFor({ processes, profile }));
  await agent.prompt("1", "go");
  const kinds: string[] = [];
  for await (const { happening } of agent.news()) {
    kinds.push(happening.kind);
    if (happening.kind === "turn-ended") break;
  }
  expect(kinds).toEqual(["started", "permission", "permission-closed", "turn-ended"]);
  await expect(agent.answer("agent-1:7", "y")).rejects.toThrow("no longer open");
});

test("a replay that comes after the answer to session/load is not told again", async () => {
  using processes = new SpooledProcesses();
  const profile = oddAgent(processes, {
    initialize: "reply({ protocolVersion: 1, agentCapabilities: { loadSession: true } })",
    "session/load":
      'reply(null); await sleep(40); say("old words"); tell({ sessionUpdate: "tool_call", toolCallId: "o", title: "old", status: "completed" })',
    "session/prompt": 'say("new words"); reply({ stopReason: "end_turn" })',
  });
  const first = await drive({ processes, profile, prompts: ["go"] });
  if (first.saved?.kind !== "acp") throw new Error("nothing was saved");
  const saved = { ...first.saved, exited: true };
  await using agent = await openAgent(optionsFor({ processes, profile, drainMs: 3_000 }, saved));
  await agent.prompt("2", "on");
  const heard: AgentHappening[] = [];
  for await (const { happening } of agent.news()) {
    heard.push(happening);
    if (happening.kind === "turn-ended") break;
  }
  expect(heard).toMatchObject([
    { kind: "started", resumed: true },
    { kind: "said", text: "new words" },
    { kind: "turn-ended", promptKey: "2" },
  ]);
});

test("modes by configOptions are set; a mode that is refused is told, and the agent works", async () => {
  using processes = new SpooledProcesses();
  const option =
    'configOptions: [{ id: "mode", category: "mode", type: "select", currentValue: "auto", options: [{ value: "auto" }, { value: "ask" }] }]';
  const profile = oddAgent(processes, {
    "session/new": `reply({ sessionId: "s", ${option} })`,
    "session/set_config_option": 'send({ id, error: { code: -32603, message: "not today" } })',
    "session/prompt": 'reply({ stopReason: "end_turn" })',
  });
  const asking = { ...profile, modes: { ask: ["ask"], bypass: [] } };
  const { happenings } = await drive({ processes, profile: asking, prompts: ["go"] });
  expect(happenings).toMatchObject([
    { kind: "started" },
    { kind: "trouble", trouble: "mode-refused", fatal: false },
    { kind: "turn-ended" },
  ]);
  const input = String(await (await processes.process("agent-1"))?.inputSoFar());
  expect(input).toContain('"configId":"mode","value":"ask"');
});

test("an error to a prompt ends the turn with its sentence, and the next prompt works", async () => {
  using processes = new SpooledProcesses();
  const profile = oddAgent(processes, {
    "session/prompt":
      'globalThis.n = (globalThis.n ?? 0) + 1; if (n === 1) send({ id, error: { code: -32603, message: "Internal error", data: { details: "402 budget is spent" } } }); else reply({ stopReason: "refusal" })',
  });
  const { happenings } = await drive({ processes, profile, prompts: ["go", "again"] });
  expect(happenings.slice(1)).toEqual([
    { kind: "turn-ended", promptKey: "1", stopReason: "failed", sentence: "402 budget is spent" },
    { kind: "turn-ended", promptKey: "2", stopReason: "refusal" },
  ]);
});

test("an agent of another protocol version is refused", async () => {
  using processes = new SpooledProcesses();
  const profile = oddAgent(processes, { initialize: "reply({ protocolVersion: 7 })" });
  const { happenings } = await drive({ processes, profile, prompts: ["go"] });
  expect(happenings).toMatchObject([{ kind: "trouble", trouble: "cannot-start", fatal: true }]);
});

test("an agent without a mode in which it asks is used, and that is told", async () => {
  using processes = new SpooledProcesses();
  const profile = oddAgent(processes, { "session/prompt": 'reply({ stopReason: "end_turn" })' });
  const asking = { ...profile, modes: { ask: ["ask"], bypass: [] } };
  const { happenings } = await drive({ processes, profile: asking, prompts: ["go"] });
  expect(happenings).toMatchObject([
    { kind: "started" },
    { kind: "trouble", trouble: "mode-refused", sentence: expect.stringContaining("no mode") },
    { kind: "turn-ended" },
  ]);
});

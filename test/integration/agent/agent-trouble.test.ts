import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import type { AgentHappening } from "../../../worker/agent/agent.ts";
import { openAgent } from "../../../worker/agent/open-agent.ts";
import type { AcpProfile } from "../../../worker/agent/profile.ts";
import { comparable, drive, optionsFor, scripted } from "./driving.ts";
import { SpooledProcesses } from "./spooled-processes.ts";

function kinds(happenings: readonly AgentHappening[]): string[] {
  return happenings.map((one) => (one.kind === "trouble" ? one.trouble : one.kind));
}

test("frames that are no frames are told once and stop nothing", async () => {
  using processes = new SpooledProcesses();
  const prompt = [
    "raw this is a log line",
    'raw {"jsonrpc":"2.0"}',
    "raw [1,2]",
    'raw {"jsonrpc":"2.0","method":"session/update","params":{"update":{"sessionUpdate":"from_the_future"}}}',
    'raw {"jsonrpc":"2.0","id":"q1","method":"fs/read_text_file","params":{"path":"/etc/shadow"}}',
    "say still here",
  ].join("\n");
  const { happenings } = await drive({ processes, profile: scripted, prompts: [prompt] });
  expect(kinds(happenings)).toEqual([
    "started",
    "not-protocol",
    "unknown-frame",
    "said",
    "turn-ended",
  ]);
  const process = await processes.process("agent-1");
  expect(String(await process?.inputSoFar())).toContain('"id":"q1","error":{"code":-32601');
});

test("100 MB without a newline are dropped, told once, and the agent goes on", async () => {
  using processes = new SpooledProcesses();
  const prompt = "print 100000000 ;; raw end of it ;; write a.txt: after ;; say still here";
  const dies = (count: number) => (count === 2 ? ("stored" as const) : (false as const));
  const { happenings } = await drive({ processes, profile: scripted, prompts: [prompt], dies });
  expect(kinds(happenings)).toEqual([
    "started",
    "frame-too-large",
    "tool",
    "tool",
    "said",
    "turn-ended",
  ]);
});

test("an agent that exits at once is told with its last lines", async () => {
  using processes = new SpooledProcesses();
  const command = ["sh", "-c", "echo 'cannot find the thing' >&2; exit 3"];
  const profile = { ...scripted, command } as AcpProfile;
  const { happenings } = await drive({ processes, profile, prompts: ["say hi"] });
  expect(happenings).toEqual([
    {
      kind: "exited",
      exit: { exitCode: 3, signal: null, outOfMemory: false },
      lastLines: ["cannot find the thing"],
    },
  ]);
});

test("an agent that wants a key says how to configure it, and is over", async () => {
  using processes = new SpooledProcesses();
  const script = join(processes.folder, "keyless.mjs");
  writeFileSync(
    script,
    `process.stdin.on("data", (data) => {
       for (const line of String(data).trim().split("\\n")) {
         const { id, method } = JSON.parse(line);
         const answer = method === "initialize" ? { result: { protocolVersion: 1 } } : { error: { code: -32000, message: "Authentication required" } };
         console.log(JSON.stringify({ jsonrpc: "2.0", id, ...answer }));
       }
     });`,
  );
  const profile = {
    ...scripted,
    command: [process.execPath, script],
    howToConfigure: "Set SOME_KEY.",
  } as AcpProfile;
  const { happenings } = await drive({ processes, profile, prompts: ["say hi"] });
  expect(happenings).toEqual([
    {
      kind: "trouble",
      trouble: "not-configured",
      sentence: "The agent is not configured (Authentication required). Set SOME_KEY.",
      fatal: true,
    },
  ]);
});

test("an agent that never answers is given up, a silent one is told once", async () => {
  using processes = new SpooledProcesses();
  const mute = { ...scripted, command: ["sleep", "60"] } as AcpProfile;
  const options = optionsFor({ processes, profile: mute });
  await using agent = await openAgent({ ...options, timing: { startMs: 300 } });
  const told = await Array.fromAsync(agent.news());
  expect(kinds(told.map((one) => one.happening))).toEqual(["no-answer"]);

  using others = new SpooledProcesses();
  const silent = optionsFor({ processes: others, profile: scripted });
  await using quiet = await openAgent({ ...silent, timing: { silentMs: 300, drainMs: 50 } });
  await quiet.prompt("1", "sleep 2 ;; say awake");
  const heard: AgentHappening[] = [];
  for await (const { happening } of quiet.news()) {
    heard.push(happening);
    if (happening.kind === "turn-ended") break;
  }
  expect(kinds(heard)).toEqual(["started", "silent", "said", "turn-ended"]);
});

test("cancel ends a turn, answers the open question and lets the next prompt through", async () => {
  using processes = new SpooledProcesses();
  await using agent = await openAgent(optionsFor({ processes, profile: scripted }));
  await agent.prompt("1", "ask May I ;; write no.txt: never");
  const heard: AgentHappening[] = [];
  for await (const { happening } of agent.news()) {
    heard.push(happening);
    if (happening.kind === "permission") {
      await expect(agent.prompt("2", "say two")).rejects.toThrow("still works on its prompt 1");
      await agent.cancel();
      await agent.cancel();
    }
    if (happening.kind === "turn-ended" && happening.promptKey === "1") {
      expect(agent.openPermissions()).toEqual([]);
      await agent.prompt("2", "say two");
    }
    if (happening.kind === "turn-ended" && happening.promptKey === "2") break;
  }
  const ends = heard.filter((one) => one.kind === "turn-ended");
  expect(ends.map((one) => one.stopReason)).toEqual(["cancelled", "end_turn"]);
  const written = String(await (await processes.process("agent-1"))?.inputSoFar());
  expect(written.match(/session\/cancel/g)).toHaveLength(1);
});

test("a dead agent's conversation goes on in a new process, without telling it again", async () => {
  using processes = new SpooledProcesses();
  const first = await drive({
    processes,
    profile: scripted,
    prompts: ["say one ;; write a.txt: one"],
  });
  await (await processes.process("agent-1"))?.kill("SIGKILL");
  const prompts = ["say one", "say two"];
  const base = { processes, profile: scripted, prompts } as const;
  // The driver that adopts it learns that it died; the next one starts it anew.
  const { exited, saved } = await untilExited(base, first.saved);
  expect(exited).toMatchObject({ kind: "exited", exit: { signal: "SIGKILL" } });
  await using agent = await openAgent(optionsFor(base, saved));
  await agent.prompt("2", "say two");
  const heard: AgentHappening[] = [];
  for await (const { happening } of agent.news()) {
    heard.push(happening);
    if (happening.kind === "turn-ended") break;
  }
  expect(comparable(heard)).toEqual([
    { kind: "started", sessionId: "any", name: "Scripted agent", version: "1", resumed: true },
    { kind: "said", text: "two", final: true },
    { kind: "turn-ended", promptKey: "2", stopReason: "end_turn" },
  ]);
});

test("a conversation that its HOME no longer holds begins anew, and that is told", async () => {
  using processes = new SpooledProcesses();
  const first = await drive({ processes, profile: scripted, prompts: ["say one"] });
  using elsewhere = new SpooledProcesses();
  const base = { processes: elsewhere, profile: scripted };
  if (!first.saved) throw new Error("nothing was saved");
  await using agent = await openAgent(optionsFor(base, first.saved));
  await agent.prompt("2", "say two");
  const heard: AgentHappening[] = [];
  for await (const { happening } of agent.news()) {
    heard.push(happening);
    if (happening.kind === "turn-ended") break;
  }
  expect(kinds(heard)).toEqual(["conversation-lost", "started", "said", "turn-ended"]);
});

async function untilExited(
  base: Parameters<typeof optionsFor>[0],
  saved: Awaited<ReturnType<typeof drive>>["saved"],
) {
  await using agent = await openAgent(optionsFor(base, saved));
  for await (const news of agent.news()) {
    if (news.happening.kind === "exited") return { exited: news.happening, saved: news.saved };
  }
  throw new Error("it did not exit");
}

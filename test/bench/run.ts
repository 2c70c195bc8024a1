import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { LoggedEvent } from "../../worker/protocol/events.ts";
import type { Task } from "../../worker/protocol/task.ts";
import { makeSandboxHome, smallSpec } from "../host/sandbox-fixture.ts";
import { bareRunMs, printTime } from "./bare-runtime.ts";
import { type Bench, type BenchRow, figuresOf, roundsOf } from "./bench.ts";
import { type BenchColony, openBenchColony } from "./bench-colony.ts";

const rounds = roundsOf(10);
const warmUps = 3;
/** A driver or a launcher takes this long to have its next keeper ready. */
const restMs = 4_000;

/** What lies between the wish and the agent's first instruction, by the task's own events. */
const legs = [
  ["queue", "task.created", "run.started"],
  ["fetch", "run.started", "run.based"],
  ["settings, workspace, sandbox", "run.based", "agent"],
  ["agent's adapter", "agent", "prompt.sent"],
  ["exec", "prompt.sent", "first"],
] as const;

/** Accepted → the agent's first instruction, against the runtime alone on the same bundle. */
export const bench: Bench = {
  name: "run",
  async run(say) {
    return [...(await measureTask(say)), ...(await measureSandbox(say))];
  },
};

async function measureTask(say: (line: string) => void): Promise<BenchRow[]> {
  await using colony = await openBenchColony({ "README.md": "A shop\n" });
  const { folder } = colony.installation;
  const samples = { ours: [] as number[], peer: [] as number[] };
  const spent = new Map(legs.map(([name]) => [name as string, [] as number[]]));
  for (let round = -warmUps; round < rounds; round += 1) {
    await sleep(restMs);
    const task = await colony.createTask(printTime.join(" "));
    const { firstMs, events } = await firstInstruction(colony, task);
    const peerMs = await bareRunMs(folder, task.id);
    await colony.discard(task);
    // The first ones warm: store, image, golden workspace, and each of two drivers.
    if (round < 0) continue;
    const acceptedMs = task.createdAtMs;
    samples.ours.push(firstMs - acceptedMs);
    samples.peer.push(peerMs);
    for (const [name, from, to] of legs) {
      spent.get(name)?.push(momentOf(to, events, firstMs) - momentOf(from, events, firstMs));
    }
    say(`${Math.round(firstMs - acceptedMs)} ms against ${Math.round(peerMs)} ms`);
  }
  const parts = [...spent].map(([name, ms]) => `${name} ${Math.round(figuresOf(ms).median)} ms`);
  return [
    {
      name: "accepted → first instruction of the agent",
      unit: "ms",
      ours: figuresOf(samples.ours),
      peer: { name: "`crun run` on the same bundle", ...figuresOf(samples.peer) },
      mark: { atMost: 5, of: "ratio" },
      remark: `Medians of its parts: ${parts.join(", ")}. Fetch and workspace are about fifteen git and jj commands in a row, of which the bare runtime needs none.`,
    },
  ];
}

async function firstInstruction(
  colony: BenchColony,
  task: Task,
): Promise<{ firstMs: number; events: readonly LoggedEvent[] }> {
  await colony.event(task.id, "run.finished");
  const events = await colony.installation.client.events(task.id);
  for (const { event } of events) {
    if (event.type !== "agent.tool" || event.excerpt === undefined) continue;
    return { firstMs: Number(event.excerpt.trim()) / 1e6, events };
  }
  throw new Error("The agent printed nothing.");
}

function momentOf(name: string, events: readonly LoggedEvent[], firstMs: number): number {
  if (name === "first") return firstMs;
  const found = events.find(
    ({ event }) => event.type === name || (event.type === "phase.started" && event.phase === name),
  );
  return found?.atMs ?? Number.NaN;
}

/** The sandbox alone: no task, no queue, no repository. */
async function measureSandbox(say: (line: string) => void): Promise<BenchRow[]> {
  const path = join(process.env.COLONY_RUNTIME ?? "", "sandbox/sandbox.js");
  const front: typeof import("../../sandbox/sandbox.ts") = await import(path);
  await using folder = makeSandboxHome();
  using _ = front.keepWarmKeeper(folder);
  const samples = { ours: [] as number[], peer: [] as number[] };
  for (let round = -1; round < rounds; round += 1) {
    await sleep(restMs);
    const spec = smallSpec(`bench-${round + 1}`, {
      egress: { kind: "packages", alsoNames: [] },
    });
    const startedMs = performance.timeOrigin + performance.now();
    await using sandbox = await front.openSandbox(folder, spec);
    try {
      const terminal = { columns: 120, rows: 40 };
      const argv = [...printTime];
      const program = await sandbox.start({ name: "first", argv, env: {}, cwd: "/", terminal });
      await program.exited();
      let text = "";
      for await (const { bytes } of program.output(0)) text += bytes.toString();
      const peerMs = await bareRunMs(folder, spec.id);
      if (round < 0) continue;
      samples.ours.push(Number(text.trim()) / 1e6 - startedMs);
      samples.peer.push(peerMs);
      say(`sandbox ${Math.round(samples.ours.at(-1) ?? 0)} ms against ${Math.round(peerMs)} ms`);
    } finally {
      await sandbox.close();
      await front.forgetSandbox(folder, spec.id);
    }
  }
  return [
    {
      name: "sandbox with network and keeper → first instruction",
      unit: "ms",
      ours: figuresOf(samples.ours),
      peer: { name: "`crun run` on the same bundle", ...figuresOf(samples.peer) },
    },
  ];
}

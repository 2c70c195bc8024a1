import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { z } from "zod";
import type { StateFolder } from "../../sandbox/state-folder.ts";
import { type Bench, figuresOf, roundsOf } from "./bench.ts";
import { openBenchColony } from "./bench-colony.ts";

const keepers = roundsOf(20);
/** Begun together, no more than these: twenty at once would measure the queue. */
const startedTogether = 4;
const settleMs = 15_000;
const watchMs = 10_000;
const msPerTick = 10;

/** Twenty tasks that wait for their review: each with a keeper, a relay and nothing to do. */
export const bench: Bench = {
  name: "keeper",
  async run(say) {
    await using colony = await openBenchColony({ "README.md": "A shop\n" });
    const ids: string[] = [];
    while (ids.length < keepers) {
      const wanted = Math.min(startedTogether, keepers - ids.length);
      const some = await Promise.all(
        Array.from({ length: wanted }, () => colony.createTask("echo ready")),
      );
      await Promise.all(some.map(({ id }) => colony.event(id, "run.finished")));
      ids.push(...some.map(({ id }) => id));
      say(`${ids.length} sandboxes`);
    }
    await sleep(settleMs);
    const { folder } = colony.installation;
    const pids = ids.map((id) => keeperPid(folder, id));
    const relays = pids.flatMap(relaysOf);
    if (relays.length !== pids.length) throw new Error(`${relays.length} relays were found`);
    const keeperMb = pids.map(pssMegabytes);
    const relayMb = relays.map(pssMegabytes);
    const all = [...pids, ...relays];
    const before = all.map(cpuMs);
    await sleep(watchMs);
    const busy = pids.map((_, index) => {
      const both = [index, index + pids.length];
      const spent = both.map((at) => cpuMs(all[at] ?? 0) - (before[at] ?? 0));
      return (spent.reduce((sum, ms) => sum + ms, 0) / watchMs) * 100;
    });
    for (const id of ids) await colony.installation.client.closeSandbox(id);
    return [
      {
        name: `memory (PSS) of one of ${keepers} idle keepers`,
        unit: "MB",
        ours: figuresOf(keeperMb),
        mark: { atMost: 35, of: "mean" },
        remark: `Mean ${figuresOf(keeperMb).mean.toFixed(1)} MB; what other Node processes of the host share is counted by its share.`,
      },
      {
        name: "memory (PSS) of its relay",
        unit: "MB",
        ours: figuresOf(relayMb),
        remark: `Mean ${figuresOf(relayMb).mean.toFixed(1)} MB: the unprivileged process inside the sandbox's network namespace.`,
      },
      {
        name: "processor time of an idle keeper with its relay",
        unit: "% of a core",
        ours: figuresOf(busy),
      },
    ];
  },
};

function keeperPid(folder: StateFolder, id: string): number {
  const record: unknown = JSON.parse(
    readFileSync(join(folder.sandboxes, id, "keeper.json"), "utf8"),
  );
  return z.object({ keeperPid: z.number() }).parse(record).keeperPid;
}

/** Children of a keeper that run the relay. */
function relaysOf(keeper: number): number[] {
  return readdirSync("/proc")
    .map(Number)
    .filter((pid) => Number.isInteger(pid) && statOf(pid)[1] === String(keeper))
    .filter((pid) => readProc(pid, "cmdline").includes("relay-main"));
}

/** The fields of /proc/PID/stat after the program's name: state, parent, … */
function statOf(pid: number): string[] {
  return readProc(pid, "stat").split(") ").at(-1)?.split(" ") ?? [];
}

function pssMegabytes(pid: number): number {
  const [, kibibytes] = /^Pss:\s+(\d+) kB/m.exec(readProc(pid, "smaps_rollup")) ?? [];
  return (Number(kibibytes) * 1024) / 1e6;
}

function cpuMs(pid: number): number {
  const [user, system] = statOf(pid).slice(11, 13).map(Number);
  return (Number(user) + Number(system)) * msPerTick;
}

function readProc(pid: number, file: string): string {
  try {
    return readFileSync(`/proc/${pid}/${file}`, "utf8");
  } catch {
    return "";
  }
}

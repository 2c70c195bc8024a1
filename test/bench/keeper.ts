import { readdirSync, readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { type Bench, type BenchRow, figuresOf } from "./bench.ts";
import { makeBenchHome, openMany } from "./sandboxes.ts";

const keepers = 20;
const settleMs = 15_000;
const watchMs = 20_000;

/** Memory and processor time of idle keepers, and of the relays beside them. */
export const bench: Bench = {
  name: "keeper",
  async run(say): Promise<BenchRow[]> {
    using folder = makeBenchHome();
    say(`opening ${keepers} sandboxes`);
    await using opened = await openMany(folder, keepers);
    await sleep(settleMs);
    const pids = opened.sandboxes.map((sandbox) => sandbox.keeperPid);
    const before = pids.map(cpuMs);
    await sleep(watchMs);
    const used = pids.map((pid, index) => ((cpuMs(pid) - (before[index] ?? 0)) / watchMs) * 100);
    const relays = relaysOf(pids);
    return [
      {
        name: `memory (PSS) of ${keepers} idle keepers, each`,
        unit: "MB",
        ours: figuresOf(pids.map(pssMegabytes)),
        mark: { atMost: 35, of: "median" },
      },
      {
        name: "its relay (PSS)",
        unit: "MB",
        ours: figuresOf(relays.map(pssMegabytes)),
      },
      { name: "processor of an idle keeper", unit: "% of a core", ours: figuresOf(used) },
    ];
  },
};

function pssMegabytes(pid: number): number {
  const found = /^Pss:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/smaps_rollup`, "utf8"));
  return (Number(found?.[1]) * 1024) / 1e6;
}

/** Of all threads, as the scheduler counted it. */
function cpuMs(pid: number): number {
  return readdirSync(`/proc/${pid}/task`)
    .map((thread) => readFileSync(`/proc/${pid}/task/${thread}/schedstat`, "utf8"))
    .reduce((sum, text) => sum + Number(text.split(" ")[0]) / 1e6, 0);
}

function relaysOf(keeperPids: readonly number[]): number[] {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => {
      try {
        const parent = /^PPid:\t(\d+)$/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1];
        const isRelay = readFileSync(`/proc/${pid}/cmdline`, "utf8").includes("relay-main");
        return isRelay && keeperPids.includes(Number(parent));
      } catch {
        return false;
      }
    });
}

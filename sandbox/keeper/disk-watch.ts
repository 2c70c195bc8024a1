import { statfsSync } from "node:fs";
import { runCommand } from "../command.ts";
import { systemEnvironment } from "../host-environment.ts";
import { addGrowth, type DiskState, decideDisk, diskBudget } from "./disk-budget.ts";

const measureTimeoutMs = 60_000;

/** Answers a look at what the sandbox has written, which calls back when it is over the limit. */
export function openDiskWatch(
  folders: readonly string[],
  diskBytes: number,
  onFull: () => void,
): () => void {
  const budget = diskBudget(diskBytes);
  const place = folders[0] ?? "/";
  // Nothing is known yet, so the first look measures.
  let state: DiskState = {
    ...{ bytes: 0, files: 0, grownBytes: budget.bytes + 1, grownFiles: 0 },
    ...{ measuredAtMs: Date.now(), measureMs: 0 },
    ...readUsed(place),
  };
  let isMeasuring = false;
  return () => {
    state = addGrowth(state, readUsed(place));
    const beganMs = Date.now();
    if (isMeasuring || decideDisk(state, budget, beganMs) !== "measure") return;
    isMeasuring = true;
    void measure(folders)
      .then((found) => {
        const times = { measuredAtMs: beganMs, measureMs: Date.now() - beganMs };
        state = { ...state, ...found, ...times };
        if (decideDisk(state, budget, Date.now()) === "full") onFull();
      })
      .catch(() => undefined)
      .finally(() => {
        isMeasuring = false;
      });
    // What grows while the walk goes on counts from here.
    state = { ...state, grownBytes: 0, grownFiles: 0 };
  };
}

function readUsed(place: string): { usedBytes: number; usedFiles: number } {
  const found = statfsSync(place);
  return {
    usedBytes: (found.blocks - found.bfree) * found.bsize,
    usedFiles: found.files - found.ffree,
  };
}

async function measure(folders: readonly string[]): Promise<{ bytes: number; files: number }> {
  const [bytes, files] = await Promise.all([
    sum(folders, "--block-size=1"),
    sum(folders, "--inodes"),
  ]);
  return { bytes, files };
}

async function sum(folders: readonly string[], unit: string): Promise<number> {
  const { stdout } = await runCommand({
    argv: ["du", "--summarize", "--total", "--one-file-system", unit, ...folders],
    env: systemEnvironment,
    timeoutMs: measureTimeoutMs,
    maxOutputBytes: 64_000,
  });
  // Files vanish under the walk, so its exit code says nothing; the last line is the total.
  return Number(/(\d+)\ttotal\n$/.exec(stdout.toString("utf8"))?.[1] ?? 0);
}

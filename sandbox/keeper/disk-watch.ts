import { existsSync, statfsSync } from "node:fs";
import { runCommand } from "../command.ts";
import { systemEnvironment } from "../host-environment.ts";
import { addGrowth, type DiskState, decideDisk, diskBudget } from "./disk-budget.ts";

/** Millions of small files on a busy host take long; nice(1) lets others go first. */
const measureTimeoutMs = 600_000;

/**
 * Answers a look at what the sandbox has written, which calls back when it is over the limit, or
 * when the folder itself is gone: somebody deleted the whole installation.
 */
export function openDiskWatch(
  folders: readonly string[],
  diskBytes: number,
  onFull: () => void,
  onGone: () => void,
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
    if (!existsSync(place)) {
      onGone();
      return;
    }
    state = addGrowth(state, readUsed(place));
    const beganMs = Date.now();
    if (isMeasuring || decideDisk(state, budget, beganMs) !== "measure") return;
    isMeasuring = true;
    const grown = state;
    void measure(folders)
      .then((found) => {
        const times = { measuredAtMs: beganMs, measureMs: Date.now() - beganMs };
        state = { ...state, ...found, ...times };
        if (decideDisk(state, budget, Date.now()) === "full") onFull();
      })
      .catch(() => {
        // Nothing was learnt: what had grown before still counts.
        state = {
          ...state,
          measuredAtMs: Date.now(),
          grownBytes: state.grownBytes + grown.grownBytes,
          grownFiles: state.grownFiles + grown.grownFiles,
        };
      })
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
    argv: ["nice", "du", "--summarize", "--total", "--one-file-system", unit, ...folders],
    env: systemEnvironment,
    timeoutMs: measureTimeoutMs,
    maxOutputBytes: 64_000,
  });
  return parseTotal(stdout.toString("utf8"));
}

/**
 * The last line of du(1). Files vanish under its walk, so its exit code says nothing; a walk that was
 * cut short has no total, which is not the same as none.
 */
export function parseTotal(text: string): number {
  const total = /(?:^|\n)(\d+)\ttotal\n$/.exec(text)?.[1];
  if (total === undefined) throw new Error("The files could not be counted.");
  return Number(total);
}

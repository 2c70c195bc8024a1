import { endSandbox, readSandboxBytes, stopForDisk } from "../../sandbox/sandbox.ts";
import { keys } from "../protocol/keys.ts";
import { readTask } from "../protocol/transition.ts";
import { type DiskSight, readDisk } from "../runs/disk-reserve.ts";
import type { RunContext } from "../runs/run-context.ts";
import { openWatchLoop } from "./watch-loop.ts";

const everyMs = 1_000;

/** What was free when a sandbox was stopped last. */
export interface LastStop {
  readonly freeBytes: number;
}

/**
 * Whether one more sandbox is to be stopped: once below the reserve, and again only while the disk
 * fills up further, for stopping frees nothing.
 */
export function decideStop(sight: DiskSight, last: LastStop | undefined): boolean {
  if (sight.freeBytes >= sight.reserveBytes) return false;
  return last === undefined || sight.freeBytes < last.freeBytes - sight.reserveBytes / 20;
}

/** Stops sandboxes, the largest first, before the disk under Redis, snapshots and logs is full. */
export function openDiskWatch(context: RunContext): AsyncDisposable {
  let last: LastStop | undefined;
  return openWatchLoop({
    name: "looking at the disk",
    everyMs,
    log: context.log,
    async look() {
      const sight = await readDisk(context);
      if (sight.freeBytes >= sight.reserveBytes) last = undefined;
      if (!decideStop(sight, last)) return;
      if (await stopLargest(context)) last = sight;
    },
  });
}

async function stopLargest(context: RunContext): Promise<boolean> {
  const { redis, config, log } = context;
  const sizes: { id: string; bytes: number }[] = [];
  for (const id of await redis.smembers(keys.live)) {
    const task = await readTask(redis, id);
    if (task?.sandbox !== "live" || task.host !== config.host) continue;
    sizes.push({ id, bytes: await readSandboxBytes(config.folder, id) });
  }
  const largest = sizes.toSorted((left, right) => right.bytes - left.bytes)[0];
  if (largest === undefined) return false;
  log.warn(largest, "the host's disk is nearly full: the largest sandbox is stopped");
  stopForDisk(config.folder, largest.id);
  await endSandbox(config.folder, largest.id);
  return true;
}

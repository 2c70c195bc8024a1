import { takeFileLock } from "../process/file-lock.ts";
import { keys } from "../protocol/keys.ts";
import { readTask } from "../protocol/transition.ts";
import type { RunContext } from "../runs/run-context.ts";
import { clientsLock } from "./paths.ts";
import { dueJob } from "./reconcile.ts";

const everyMs = 500;

/**
 * Resolves when no command line holds the clients' lock any more and no task is at work: then a
 * supervisor that was started for those commands may end. From then on the lock is ours until this
 * process is gone: a command that comes now waits for our end, and does not rely on what is ending.
 */
export async function untilIdle(context: RunContext, signal: AbortSignal): Promise<void> {
  const path = clientsLock(context.config.folder);
  while (!signal.aborted) {
    await new Promise((resolve) => setTimeout(resolve, everyMs));
    const lock = await takeFileLock({ path, kind: "exclusive", timeoutMs: 0 });
    if (lock === undefined) continue;
    if (!(await isBusy(context))) return;
    lock[Symbol.dispose]();
  }
}

async function isBusy({ redis }: RunContext): Promise<boolean> {
  for (const id of await redis.smembers(keys.live)) {
    const task = await readTask(redis, id);
    if (task !== undefined && dueJob(task) !== undefined) return true;
  }
  return false;
}

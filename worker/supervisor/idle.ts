import type { StateFolder } from "../../sandbox/state-folder.ts";
import { takeFileLock } from "../process/file-lock.ts";
import { keys } from "../protocol/keys.ts";
import { readTask } from "../protocol/transition.ts";
import type { RunContext } from "../runs/run-context.ts";
import { clientsLock } from "./paths.ts";
import { dueJob } from "./reconcile.ts";

const everyMs = 500;

/**
 * Resolves when no command line holds the clients' lock any more and no task is at work: then a
 * supervisor that was started for those commands may end.
 */
export async function untilIdle(context: RunContext, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    await new Promise((resolve) => setTimeout(resolve, everyMs));
    if (await hasClients(context.config.folder)) continue;
    if (!(await isBusy(context))) return;
  }
}

async function hasClients(folder: StateFolder): Promise<boolean> {
  using lock = await takeFileLock({ path: clientsLock(folder), kind: "exclusive", timeoutMs: 0 });
  return lock === undefined;
}

async function isBusy({ redis }: RunContext): Promise<boolean> {
  for (const id of await redis.smembers(keys.live)) {
    const task = await readTask(redis, id);
    if (task !== undefined && dueJob(task) !== undefined) return true;
  }
  return false;
}

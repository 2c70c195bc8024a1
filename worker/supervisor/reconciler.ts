import { adoptSandbox, readLimitCounts } from "../../sandbox/sandbox.ts";
import { enqueueIntents } from "../protocol/intents.ts";
import { queueName } from "../protocol/jobs.ts";
import { keys } from "../protocol/keys.ts";
import type { Task } from "../protocol/task.ts";
import { commitTransition, readTask, StaleTaskError } from "../protocol/transition.ts";
import { restingStop } from "../runs/limits.ts";
import type { RunContext } from "../runs/run-context.ts";
import { decideCare } from "./reconcile.ts";
import { openWatchLoop } from "./watch-loop.ts";

const everyMs = 2_000;

/**
 * Looks over this host's tasks, and those that no host has yet, again and again. Each look is whole
 * and repeatable, so it needs no memory and may run on every host at once.
 */
export function openReconciler(context: RunContext, idleMs: number): AsyncDisposable {
  // A job is on its way for a moment after its transition: only what is missing twice is missing.
  let missing = new Map<string, number>();
  return openWatchLoop({
    name: "reconciling",
    everyMs,
    log: context.log,
    async look() {
      missing = await reconcile(context, idleMs, missing);
    },
  });
}

/** One look; answers which tasks, at which revision, seemed to need care. */
export async function reconcile(
  context: RunContext,
  idleMs: number,
  seenBefore: ReadonlyMap<string, number>,
): Promise<Map<string, number>> {
  const { redis, queues, config } = context;
  await enqueueIntents(redis, queues);
  const ids = await redis.smembers(keys.live);
  const busy = await tasksWithJobs(context);
  const seen = new Map<string, number>();
  for (const id of ids) {
    const task = await readTask(redis, id);
    if (task === undefined || (task.host !== undefined && task.host !== config.host)) continue;
    const transition = decideCare(
      {
        ...{ task, hasJob: busy.has(id), hasKeeper: await hasKeeper(context, task) },
        stopped: whyStopped(context, task),
      },
      Date.now(),
      idleMs,
    );
    if (transition === undefined) continue;
    seen.set(id, task.rev);
    if (seenBefore.get(id) !== task.rev) continue;
    context.log.info({ task: id, state: task.state }, "reconciled");
    await commitTransition(redis, transition).catch((error: unknown) => {
      if (!(error instanceof StaleTaskError)) throw error;
    });
  }
  await enqueueIntents(redis, queues);
  return seen;
}

async function tasksWithJobs({ queues, config }: RunContext): Promise<Set<string>> {
  const names = [
    queueName("run", undefined),
    queueName("run", config.host),
    queueName("close", config.host),
  ];
  const found = new Set<string>();
  for (const name of names) {
    const jobs = await queues.get(name).getJobs(["waiting", "active", "delayed", "prioritized"]);
    for (const job of jobs) {
      const data: unknown = job?.data;
      if (typeof data === "object" && data !== null && "taskId" in data)
        found.add(String(data.taskId));
    }
  }
  return found;
}

/** A sandbox at rest that outgrew its limit, or the host's disk. */
function whyStopped({ config }: RunContext, { id }: Task): string | undefined {
  const { stop } = readLimitCounts(config.folder, id);
  return stop === undefined ? undefined : restingStop(stop);
}

async function hasKeeper(context: RunContext, task: Task): Promise<boolean | undefined> {
  if (task.sandbox !== "live" || task.host !== context.config.host) return undefined;
  const sandbox = await adoptSandbox(context.config.folder, task.id);
  await sandbox?.[Symbol.asyncDispose]();
  return sandbox !== undefined;
}

import { adoptSandbox } from "../../sandbox/sandbox.ts";
import { openStore } from "../../sandbox/workspace.ts";
import { parseAgentChoice } from "../agent/choice.ts";
import { configuredProfiles } from "../agent/configured.ts";
import { enqueueIntents } from "../protocol/intents.ts";
import { keys } from "../protocol/keys.ts";
import type { Task, TaskState } from "../protocol/task.ts";
import { readTask, transact } from "../protocol/transition.ts";
import { readSettings } from "../runs/prepare.ts";
import { watchPreviews } from "../runs/previews.ts";
import type { RunContext } from "../runs/run-context.ts";
import { openWatchLoop } from "./watch-loop.ts";

const everyMs = 2_000;

/** No driver is at such a task, and its sandbox may live on for as long as a person looks at it. */
const restingStates: readonly TaskState[] = ["waiting", "review", "failed", "stopped"];

/** Whether this host's supervisor follows the ports of a task, as its drivers do while they run. */
export function isResting(task: Task, host: string): boolean {
  return task.host === host && task.sandbox === "live" && restingStates.includes(task.state);
}

/**
 * Follows the pages of sandboxes between runs: servers that agents left behind come and go while a
 * person reads the result, and the thread's link is to say what is there now.
 */
export function openPreviewWatches(context: RunContext): AsyncDisposable {
  const watches = new Map<string, AsyncDisposable>();
  const loop = openWatchLoop({
    name: "following previews",
    everyMs,
    log: context.log,
    look: () => look(context, watches),
  });
  return {
    async [Symbol.asyncDispose]() {
      await loop[Symbol.asyncDispose]();
      await endAll([...watches.values()]);
    },
  };
}

async function look(context: RunContext, watches: Map<string, AsyncDisposable>): Promise<void> {
  const resting = new Set<string>();
  for (const id of await context.redis.smembers(keys.live)) {
    const task = await readTask(context.redis, id);
    if (task === undefined || !isResting(task, context.config.host)) continue;
    resting.add(id);
    if (watches.has(id)) continue;
    const watch = await openWatch(context, task).catch((error: unknown) => {
      context.log.warn({ task: id, err: error }, "following previews");
      return nothing;
    });
    if (watch !== undefined) watches.set(id, watch);
  }
  const over = [...watches].filter(([id]) => !resting.has(id));
  for (const [id] of over) watches.delete(id);
  await endAll(over.map(([, watch]) => watch));
}

/** Settings that cannot be read once are not read every two seconds. */
const nothing: AsyncDisposable = { async [Symbol.asyncDispose]() {} };

async function openWatch(context: RunContext, task: Task): Promise<AsyncDisposable | undefined> {
  const { config, redis, queues, admin } = context;
  const sandbox = await adoptSandbox(config.folder, task.id);
  if (sandbox === undefined) return undefined;
  await using stack = new AsyncDisposableStack();
  stack.use(sandbox);
  const { url, caller } = task.repository;
  const store = await openStore({ folder: config.folder, url, caller });
  stack.use(
    watchPreviews(context, {
      taskId: task.id,
      sandbox,
      settings: await readSettings(context, task.baseCommit, store),
      profile: parseAgentChoice(task.agent, configuredProfiles(admin.agents)),
      known: task.previews,
      async transact(decide) {
        const newest = await transact(redis, task.id, (now) =>
          isResting(now, config.host) ? decide(now) : undefined,
        );
        await enqueueIntents(redis, queues);
        return newest;
      },
    }),
  );
  return stack.move();
}

async function endAll(watches: readonly AsyncDisposable[]): Promise<void> {
  await Promise.allSettled(watches.map((watch) => watch[Symbol.asyncDispose]()));
}

import { adoptSandbox, isSandboxAsleep } from "../../sandbox/sandbox.ts";
import { keys } from "../protocol/keys.ts";
import type { Task } from "../protocol/task.ts";
import { readTask, transact } from "../protocol/transition.ts";
import type { RunContext } from "../runs/run-context.ts";
import { isResting } from "./preview-watches.ts";
import { openWatchLoop } from "./watch-loop.ts";

const everyMs = 2_000;

/** What is remembered of a sandbox between two looks. */
export interface Rest {
  /** Since when it has waited and moved, or since it was woken. */
  readonly sinceMs: number;
  readonly asleep: boolean;
}

export type RestDecision = "sleep" | "told-asleep" | "told-awake" | "nothing";

/** What is to be done with a sandbox that waits for a person: it sleeps when left alone for a while. */
export function decideRest(
  task: Task,
  rest: Rest,
  asleep: boolean,
  nowMs: number,
  sleepMs: number,
): RestDecision {
  if (asleep && task.asleep !== true) return "told-asleep";
  if (!asleep && task.asleep === true) return "told-awake";
  if (asleep) return "nothing";
  return nowMs - Math.max(rest.sinceMs, task.activeAtMs) >= sleepMs ? "sleep" : "nothing";
}

/**
 * Lets sandboxes sleep that wait long for a person. Whoever wants something of one wakes it through
 * its keeper; here it is only seen, and written into the task for those who look.
 */
export function openSleepers(context: RunContext, sleepMs: number): AsyncDisposable {
  const rests = new Map<string, Rest>();
  return openWatchLoop({
    name: "letting sandboxes sleep",
    everyMs,
    log: context.log,
    look: () => look(context, rests, sleepMs),
  });
}

async function look(context: RunContext, rests: Map<string, Rest>, sleepMs: number): Promise<void> {
  const { redis, config } = context;
  const seen = new Set<string>();
  for (const id of await redis.smembers(keys.live)) {
    const task = await readTask(redis, id);
    if (task === undefined || task.host !== config.host) continue;
    if (!isResting(task, config.host)) {
      if (task.asleep === true) await note(context, id, false);
      continue;
    }
    seen.add(id);
    const nowMs = Date.now();
    const asleep = isSandboxAsleep(config.folder, id);
    const before = rests.get(id);
    const woken = before?.asleep === true && !asleep;
    const rest = { sinceMs: before === undefined || woken ? nowMs : before.sinceMs, asleep };
    rests.set(id, rest);
    const decision = decideRest(task, rest, asleep, nowMs, sleepMs);
    if (decision === "sleep") await sleep(context, id, rests);
    else if (decision !== "nothing") await note(context, id, decision === "told-asleep");
  }
  for (const id of rests.keys()) if (!seen.has(id)) rests.delete(id);
}

async function sleep(context: RunContext, id: string, rests: Map<string, Rest>): Promise<void> {
  await using sandbox = await adoptSandbox(context.config.folder, id);
  if (sandbox === undefined) return;
  try {
    await sandbox.sleep();
    await note(context, id, true);
    rests.set(id, { sinceMs: Date.now(), asleep: true });
    // A driver may have come in between: it has woken what slept before, not this.
    const task = await readTask(context.redis, id);
    if (task === undefined || !isResting(task, context.config.host)) await sandbox.wake();
  } catch {
    // Somebody looks at a page of it: later, then.
    rests.set(id, { sinceMs: Date.now(), asleep: false });
  }
}

async function note({ redis }: RunContext, id: string, asleep: boolean): Promise<void> {
  await transact(redis, id, (task) => {
    const { asleep: _, ...rest } = task;
    return { task: asleep ? { ...rest, asleep } : rest, events: [] };
  });
}

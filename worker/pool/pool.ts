import { adoptSandbox, forgetSandbox, openSandbox } from "../../sandbox/sandbox.ts";
import { closeRunSocket, openRunSocket } from "../gateway/client.ts";
import { newTaskId } from "../protocol/ids.ts";
import { keys } from "../protocol/keys.ts";
import { readTask } from "../protocol/transition.ts";
import { gatewayPort, sandboxOptions } from "../runs/prepare.ts";
import type { RunContext } from "../runs/run-context.ts";
import { openWatchLoop } from "../supervisor/watch-loop.ts";
import { isStale, type PoolUse, type Spare, wantedSpares } from "./spare.ts";
import { forgetSpare, forgetUse, noteSpare, readSpares, readUses } from "./spare-books.ts";

const everyMs = 1_000;
/** Not at once: a spare must not take the processor from the first instructions of a task. */
const refillDelayMs = 4_000;
/** An id that was taken off the list becomes a task in an instant, or its taker died. */
const takerMs = 60_000;
const mostSpares = 2;

/**
 * Keeps sandboxes ready under ids that no task has yet: who creates a task takes such an id, and
 * with it the sandbox. How many there are follows what the host's repositories were used for.
 */
export function openPool(context: RunContext): AsyncDisposable {
  // Since when an id has been neither on the list nor a task's.
  const missingSinceMs = new Map<string, number>();
  const loop = openWatchLoop({
    name: "pool of sandboxes",
    everyMs,
    log: context.log,
    look: (signal) => look(context, missingSinceMs, signal),
  });
  return {
    async [Symbol.asyncDispose]() {
      await loop[Symbol.asyncDispose]();
      const spares = await readSpares(context.redis, context.config.host);
      await Promise.all([...spares].map(([id, spare]) => endSpare(context, id, spare)));
    },
  };
}

/** One look: what nobody wants any more ends, and one that is missing is made. */
async function look(
  context: RunContext,
  missingSinceMs: Map<string, number>,
  signal: AbortSignal,
): Promise<void> {
  const { redis, config, admin } = context;
  const nowMs = Date.now();
  const uses = await readUses(redis, config.host);
  const spares = await readSpares(redis, config.host);
  for (const [id, spare] of spares) {
    const state = await stateOf(context, id, spare, uses.get(spare.url), nowMs);
    if (state !== "missing") missingSinceMs.delete(id);
    else if (!missingSinceMs.has(id)) missingSinceMs.set(id, nowMs);
    if (state === "kept" || nowMs - (missingSinceMs.get(id) ?? 0) < takerMs) continue;
    missingSinceMs.delete(id);
    await endSpare(context, id, spare);
    spares.delete(id);
  }
  const most = admin.pool ?? mostSpares;
  for (const [url, use] of uses) {
    if (wantedSpares(use, nowMs) === 0) await forgetUse(redis, config.host, url);
    const has = [...spares.values()].filter((spare) => spare.url === url).length;
    const isMissing = has < wantedSpares(use, nowMs) && spares.size < most;
    const rested = nowMs - (use.opensMs.at(-1) ?? 0) > refillDelayMs;
    if (!isMissing || !rested || signal.aborted) continue;
    await makeSpare(context, url, use);
    return;
  }
}

async function stateOf(
  { redis, config }: RunContext,
  id: string,
  spare: Spare,
  use: PoolUse | undefined,
  nowMs: number,
): Promise<"kept" | "missing" | "over"> {
  const isListed = (await redis.lpos(keys.pool(spare.url), id)) !== null;
  if (isListed) {
    const isGood = !isStale(spare, use, nowMs) && (await isAlive(config.folder, id));
    return isGood ? "kept" : "over";
  }
  const task = await readTask(redis, id);
  if (task === undefined) return "missing";
  // A driver of this host takes it over; one of another host makes its own there.
  const isAwaited = task.sandbox === "none" && ["queued", "running"].includes(task.state);
  return isAwaited && (task.host ?? config.host) === config.host ? "kept" : "over";
}

async function isAlive(folder: RunContext["config"]["folder"], id: string): Promise<boolean> {
  await using sandbox = await adoptSandbox(folder, id);
  return sandbox !== undefined;
}

async function makeSpare(context: RunContext, url: string, use: PoolUse): Promise<void> {
  const { redis, config, log } = context;
  const id = newTaskId();
  if ((await readTask(redis, id)) !== undefined) return;
  const spare: Spare = { url, shape: use.shape, madeAtMs: Date.now() };
  // Before there is anything: what a killed supervisor leaves is found by it.
  await noteSpare(redis, config.host, id, spare);
  try {
    const socketPath = await openRunSocket(config.folder, id);
    const forwards = [{ port: gatewayPort, socketPath }];
    const own = { id, epoch: 0, hostname: id, workspaceLater: true, forwards } as const;
    await using _ = await openSandbox(
      config.folder,
      { ...use.shape, ...own },
      sandboxOptions(context),
    );
    await redis.rpush(keys.pool(url), id);
  } catch (error) {
    log.warn({ spare: id, err: error }, "a spare sandbox could not be made");
    await endSpare(context, id, spare);
    // What cannot be made now is not tried every second.
    await forgetUse(redis, config.host, url);
  }
}

/** Off the list first: from then on no task can get it. */
async function endSpare(context: RunContext, id: string, spare: Spare): Promise<void> {
  const { redis, config } = context;
  await redis.lrem(keys.pool(spare.url), 0, id);
  // A task that has it looks after it from then on.
  if ((await readTask(redis, id))?.sandbox !== "live") {
    await forgetSandbox(config.folder, id);
    await closeRunSocket(config.folder, id).catch(() => undefined);
  }
  await forgetSpare(redis, config.host, id);
}

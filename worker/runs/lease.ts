import type { Redis } from "ioredis";
import { enqueueIntents, type Queues } from "../protocol/intents.ts";
import { keys, wakeChannel } from "../protocol/keys.ts";
import type { Task } from "../protocol/task.ts";
import {
  commitTransition,
  readTask,
  StaleTaskError,
  type Transition,
  transact,
} from "../protocol/transition.ts";
import { decideClaim, decideLandingClaim } from "./claim.ts";

const leaseMs = 30_000;
const renewMs = 5_000;

/** A later epoch drives the task: this driver must stop at once and write nothing more. */
export class LeaseLostError extends Error {
  override readonly name = "LeaseLostError";
  readonly taskId: string;
  readonly epoch: number;
  constructor(taskId: string, epoch: number) {
    super(`task ${taskId} is driven by a later epoch than ${epoch}`);
    this.taskId = taskId;
    this.epoch = epoch;
  }
}

/** The right to drive one task. Everything a driver writes goes through `transact`. */
export interface Lease extends AsyncDisposable {
  readonly taskId: string;
  readonly epoch: number;
  /** The task as last read or written. */
  task(): Task;
  /** Decides on the newest state and commits, unless a later epoch has come. */
  transact(decide: (task: Task) => Transition | undefined): Promise<Task>;
  /** Resolves at the next change of the task by anybody, or when `signal` aborts. */
  changed(signal: AbortSignal): Promise<void>;
}

export type ClaimOutcome =
  | { readonly kind: "lease"; readonly lease: Lease }
  | { readonly kind: "skip"; readonly why: string }
  | { readonly kind: "later"; readonly afterMs: number };

/** Who wants to drive which task, and BullMQ's lock of the job that says so. */
export interface ClaimWish {
  readonly taskId: string;
  readonly host: string;
  readonly lockKey: string;
  readonly token: string;
}

/** Tries to become the driver of a run. */
export function claimTask(redis: Redis, queues: Queues, wish: ClaimWish): Promise<ClaimOutcome> {
  return claimBy(decideClaim, redis, queues, wish);
}

/** Tries to become the one who lands an approved change. */
export function claimLanding(redis: Redis, queues: Queues, wish: ClaimWish): Promise<ClaimOutcome> {
  return claimBy(decideLandingClaim, redis, queues, wish);
}

async function claimBy(
  decide: typeof decideClaim,
  redis: Redis,
  queues: Queues,
  claim: ClaimWish,
): Promise<ClaimOutcome> {
  for (;;) {
    const task = await readTask(redis, claim.taskId);
    if (task === undefined) return { kind: "skip", why: "the task is gone" };
    const [heartbeat, lock, redisUpMs] = await Promise.all([
      redis.get(keys.lease(task.id)),
      redis.get(claim.lockKey),
      readUptimeMs(redis),
    ]);
    const lockIsMine = lock === claim.token;
    const decided = decide(task, {
      host: claim.host,
      heartbeat,
      lockIsMine,
      redisUpMs,
      nowMs: Date.now(),
    });
    if (decided.kind !== "take") return decided;
    try {
      const committed = await commitTransition(redis, decided.transition);
      if ("existing" in committed) return { kind: "skip", why: "the task exists twice" };
      return { kind: "lease", lease: await openLease(redis, queues, committed.task) };
    } catch (error) {
      if (!(error instanceof StaleTaskError)) throw error;
    }
  }
}

async function openLease(redis: Redis, queues: Queues, claimed: Task): Promise<Lease> {
  const { id, epoch, host } = claimed;
  let newest = claimed;
  const waiting = new Set<() => void>();
  const wakeAll = () => {
    for (const wake of waiting) wake();
  };
  const renew = () => redis.set(keys.lease(id), `${host}/${epoch}`, "PX", leaseMs).catch(() => {});
  await renew();
  const timer = setInterval(renew, renewMs);
  const subscriber = redis.duplicate();
  subscriber.on("error", () => {});
  subscriber.on("message", wakeAll);
  // Messages are lost while the connection is away: whoever waits looks again.
  subscriber.on("ready", wakeAll);
  await subscriber.subscribe(wakeChannel(id));

  return {
    taskId: id,
    epoch,
    task: () => newest,
    async transact(decide) {
      newest = await transact(redis, id, (task) => {
        if (task.epoch !== epoch) throw new LeaseLostError(id, epoch);
        return decide(task);
      });
      await enqueueIntents(redis, queues);
      return newest;
    },
    async changed(signal) {
      if (signal.aborted) return;
      await new Promise<void>((resolve) => {
        const wake = () => {
          waiting.delete(wake);
          signal.removeEventListener("abort", wake);
          resolve();
        };
        waiting.add(wake);
        signal.addEventListener("abort", wake);
      });
    },
    async [Symbol.asyncDispose]() {
      clearInterval(timer);
      wakeAll();
      subscriber.disconnect();
      await releaseLease(redis, id, `${host}/${epoch}`);
    },
  };
}

/** Only our own heartbeat: a later epoch's must stay. */
async function releaseLease(redis: Redis, taskId: string, value: string): Promise<void> {
  const script =
    "if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('DEL', KEYS[1]) end";
  await redis.eval(script, 1, keys.lease(taskId), value).catch(() => {});
}

async function readUptimeMs(redis: Redis): Promise<number> {
  const info = await redis.info("server");
  return Number(/uptime_in_seconds:(\d+)/.exec(info)?.[1] ?? 0) * 1_000;
}

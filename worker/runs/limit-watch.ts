import type { LimitCounts } from "../../sandbox/sandbox.ts";
import type { Failure } from "./failure.ts";
import { type Lease, LeaseLostError } from "./lease.ts";
import {
  decideOver,
  decideRemarks,
  isIdle,
  type LimitSight,
  memoryFailure,
  type RunLimits,
  stopFailure,
} from "./limits.ts";

const everyMs = 1_000;

/** Watches a run's limits at the kernel: tells what was refused, and says when the run is over. */
export interface LimitWatch extends AsyncDisposable {
  /** From here on the agent is at work: what was done before it has limits of its own. */
  begin(): void;
  /** The agent gave a sign of life. */
  heard(): void;
  /** Resolves once, if ever, with why the run is over. */
  readonly over: Promise<Failure>;
  /** The limit that the agent's end comes from, if it does: it is told then, not as a remark. */
  explain(): Failure | undefined;
  /** Why the sandbox was ended, if it was. */
  stopped(): Failure | undefined;
}

/** `read` asks the kernel; remarks go into the task's log. */
export function openLimitWatch(
  read: () => LimitCounts,
  lease: Pick<Lease, "task" | "transact">,
  limits: RunLimits,
): LimitWatch {
  const over = Promise.withResolvers<Failure>();
  let told = read();
  let heardMs = Date.now();
  let heardCpuMs = told.cpuMs;
  let beganMs: number | undefined;
  let telling: Promise<unknown> = Promise.resolve();
  let isFresh = false;

  function tell(now: LimitCounts): void {
    const sentences = decideRemarks(told, now, limits);
    told = now;
    if (sentences.length === 0) return;
    const events = sentences.map((sentence) => ({ type: "remark", sentence }) as const);
    telling = telling
      .then(() => lease.transact((task) => ({ task, events })))
      .catch((error: unknown) => {
        if (!(error instanceof LeaseLostError)) throw error;
      })
      .catch(() => undefined);
  }

  function look(): void {
    const now = read();
    if (beganMs !== undefined) {
      const sight: LimitSight = { ...now, nowMs: Date.now(), beganMs, heardMs, heardCpuMs };
      const failure = decideOver(sight, limits);
      if (failure !== undefined) {
        over.resolve(failure);
        return;
      }
      // At work without a word: it counts from here again.
      if (sight.nowMs - heardMs >= limits.silenceMs && !isIdle(sight)) heard();
    }
    // One look later: the agent's own end explains it better.
    const isNew =
      now.outOfMemoryKills !== told.outOfMemoryKills || now.refusedForks !== told.refusedForks;
    if (isNew && isFresh) tell(now);
    isFresh = isNew;
  }

  function heard(): void {
    heardMs = Date.now();
    heardCpuMs = read().cpuMs;
  }

  const timer = setInterval(look, everyMs);
  return {
    heard,
    begin() {
      heard();
      // Another driver's agent has been at work since then, or a little less.
      const { promptInFlight, runStartedAtMs } = lease.task();
      beganMs = promptInFlight === undefined ? heardMs : (runStartedAtMs ?? heardMs);
    },
    over: over.promise,
    explain() {
      const now = read();
      const killed = now.outOfMemoryKills > told.outOfMemoryKills;
      told = { ...told, outOfMemoryKills: now.outOfMemoryKills };
      if (now.stop !== undefined) return stopFailure(now.stop, limits);
      return killed ? memoryFailure(limits) : undefined;
    },
    stopped() {
      const { stop } = read();
      return stop === undefined ? undefined : stopFailure(stop, limits);
    },
    async [Symbol.asyncDispose]() {
      clearInterval(timer);
      tell(read());
      await telling;
    },
  };
}

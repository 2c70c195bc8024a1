import type { Task } from "../protocol/task.ts";
import type { Transition } from "../protocol/transition.ts";

/** What a driver knows when it is handed a job. */
export interface ClaimFacts {
  readonly host: string;
  /** `HOST/EPOCH` of whoever drives the task now; null when nobody has renewed it for 30 s. */
  readonly heartbeat: string | null;
  /** BullMQ still says that the job is this driver's. */
  readonly lockIsMine: boolean;
  /** Leases that were not renewed while Redis was away prove nothing. */
  readonly redisUpMs: number;
  readonly nowMs: number;
}

export type Claim =
  | { readonly kind: "take"; readonly transition: Transition }
  | { readonly kind: "skip"; readonly why: string }
  | { readonly kind: "later"; readonly afterMs: number };

const trustLeasesAfterMs = 15_000;

/**
 * Whether this driver may drive the task. BullMQ delivers at least once, so a job alone proves
 * nothing: its lock must still be ours, and nobody else may be alive on the task. On the same host
 * a new driver adopts at once, since the supervisor releases a job only after its driver is dead.
 */
export function decideClaim(task: Task, facts: ClaimFacts): Claim {
  if (!facts.lockIsMine) return { kind: "skip", why: "the job went to another driver meanwhile" };
  if (task.host !== undefined && task.host !== facts.host) {
    return { kind: "skip", why: `its files are on ${task.host}` };
  }
  if (task.state === "queued") return { kind: "take", transition: started(task, facts) };
  if (task.state !== "running") return { kind: "skip", why: `the task is ${task.state}` };
  const sameHost = facts.heartbeat?.startsWith(`${facts.host}/`) ?? true;
  if (sameHost) return { kind: "take", transition: adopted(task, facts) };
  if (facts.heartbeat !== null || facts.redisUpMs < trustLeasesAfterMs) {
    return { kind: "later", afterMs: 5_000 };
  }
  return { kind: "take", transition: adopted(task, facts) };
}

/** A landing is claimed like a run, but its task is in `landing` all the while. */
export function decideLandingClaim(task: Task, facts: ClaimFacts): Claim {
  if (!facts.lockIsMine) return { kind: "skip", why: "the job went to another driver meanwhile" };
  if (task.state !== "landing") return { kind: "skip", why: `the task is ${task.state}` };
  return { kind: "take", transition: { task: { ...task, epoch: task.epoch + 1 }, events: [] } };
}

function started(task: Task, { host, nowMs }: ClaimFacts): Transition {
  const epoch = task.epoch + 1;
  // An answered question, a stop: the run goes on where it waited.
  const goesOn = task.promptInFlight !== undefined;
  const phase = task.phase ?? "prepare";
  return {
    task: {
      ...task,
      state: "running",
      epoch,
      host,
      phase,
      startedAtMs: task.startedAtMs ?? nowMs,
      runStartedAtMs: nowMs,
    },
    events: [
      goesOn
        ? { type: "run.adopted", epoch, host }
        : { type: "run.started", run: task.run, epoch, host },
    ],
  };
}

function adopted(task: Task, { host }: ClaimFacts): Transition {
  const epoch = task.epoch + 1;
  return { task: { ...task, epoch, host }, events: [{ type: "run.adopted", epoch, host }] };
}

import type { Job, JobKind } from "../protocol/jobs.ts";
import type { Task } from "../protocol/task.ts";
import { leavesFiles } from "../protocol/task.ts";
import type { Transition } from "../protocol/transition.ts";

/** What the reconciler sees of one task. */
export interface TaskSight {
  readonly task: Task;
  /** BullMQ has a job for it, waiting or active. */
  readonly hasJob: boolean;
  /** A keeper answers for it on this host; undefined when it lives elsewhere. */
  readonly hasKeeper: boolean | undefined;
  /** Why its sandbox was ended, where a limit did it; a sentence. */
  readonly stopped?: string | undefined;
}

/** The job that a task in this state should have; undefined: it waits for a person. */
export function dueJob(task: Task): JobKind | undefined {
  if (task.state === "queued" || task.state === "running") return "run";
  if (task.state === "landing") return "land";
  return leavesFiles(task) ? "close" : undefined;
}

/**
 * What is to be put right, judged by what is there and not by what was missed: a task without its
 * job gets one; a question whose sandbox is gone (a reboot) is asked again by a new run; a sandbox
 * that nobody needed for a while ends.
 */
export function decideCare(
  sight: TaskSight,
  nowMs: number,
  idleMs: number,
): Transition | undefined {
  const { task, hasJob, hasKeeper } = sight;
  if (hasJob) return undefined;
  const due = dueJob(task);
  if (due !== undefined)
    return { task, events: [], jobs: [{ kind: due } satisfies Pick<Job, "kind">] };
  if (task.sandbox !== "live" || hasKeeper === undefined) return undefined;
  if (!hasKeeper) {
    return task.state === "waiting" ? askAgain(task) : sandboxLost(task, sight.stopped);
  }
  const idle = task.state !== "waiting" && nowMs - task.activeAtMs > idleMs;
  return idle ? { task, events: [], jobs: [{ kind: "close" }] } : undefined;
}

function askAgain(task: Task): Transition {
  const { permission, ...rest } = task;
  return {
    task: { ...rest, state: "queued", sandbox: "ended" },
    events: [
      ...(permission === undefined
        ? []
        : [{ type: "permission.expired", requestId: permission.requestId } as const]),
      { type: "task.queued", reason: "lost" },
    ],
    jobs: [{ kind: "run" }],
  };
}

function sandboxLost(task: Task, why: string | undefined): Transition {
  return {
    task: { ...task, sandbox: "ended", previews: [] },
    events: [
      ...(why === undefined ? [] : [{ type: "remark", sentence: why } as const]),
      { type: "sandbox.ended", reason: "lost" },
    ],
  };
}

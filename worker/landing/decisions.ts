import type { LandingConflict, Task } from "../protocol/task.ts";
import type { Transition } from "../protocol/transition.ts";

/** The change is on the base: the task is done, and its sandbox may go. */
export function decideLanded(task: Task, commit: string, nowMs: number): Transition {
  const by = task.decision?.by ?? task.requester;
  return {
    task: { ...task, state: "done", landed: { commit, atMs: nowMs }, endedAtMs: nowMs },
    events: [{ type: "task.landed", commit, branch: task.branch ?? "", by }],
    jobs: [{ kind: "close" }],
  };
}

/**
 * Not landed: the approval is void and the task is back in review. With conflicts the person's next
 * reply has the agent settle them.
 */
export function decideRefused(
  task: Task,
  sentence: string,
  conflicts: readonly LandingConflict[] = [],
): Transition {
  const { decision: _, ...rest } = task;
  return {
    task: { ...rest, state: "review", conflicts: [...conflicts] },
    events: [{ type: "merge.refused", sentence, conflicts: [...conflicts] }],
  };
}

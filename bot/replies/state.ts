import type { Task } from "../../worker/protocol/task.ts";
import type { Mark } from "../post.ts";

/** The one sign of a task, on its request and its cards. */
export function markOf(task: Task): Mark {
  const marks: Record<Task["state"], Mark> = {
    queued: "queued",
    running: "working",
    waiting: "needs-you",
    review: "ready",
    landing: "merging",
    done: "merged",
    failed: "failed",
    stopped: "stopped",
    discarded: "discarded",
  };
  if (task.state === "review" && hasConflict(task)) return "needs-you";
  return marks[task.state];
}

export function hasConflict(task: Task): boolean {
  return task.conflicts.length > 0 || (task.change?.conflicts.length ?? 0) > 0;
}

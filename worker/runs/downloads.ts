import { createHash } from "node:crypto";
import type { Task } from "../protocol/task.ts";

/** Whose checked downloads a task's sandbox finds: its repository's, for one who may read it. */
export function downloadsOf({ repository }: Pick<Task, "repository">): string {
  const { url, caller } = repository;
  return createHash("sha256").update(`${caller.uid}\0${url}`).digest("hex").slice(0, 16);
}

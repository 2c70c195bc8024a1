import { z } from "zod";
import { taskIdSchema } from "./ids.ts";

/** What BullMQ carries: never state, only which task to look at. */
export const jobSchema = z.object({
  version: z.literal(1),
  kind: z.enum(["run", "land", "close"]),
  taskId: taskIdSchema,
});
export type Job = z.infer<typeof jobSchema>;
export type JobKind = Job["kind"];

/**
 * Queue of a job: a new task goes to whichever host is free; once it has a host, its workspace and
 * sandbox are there, and so are its jobs. Landing and closing never wait behind runs.
 */
export function queueName(kind: JobKind, host: string | undefined): string {
  if (host === undefined) return "run";
  return kind === "run" ? `run-${host}` : `act-${host}`;
}

/** BullMQ forbids `:` in ids. */
export function jobId(kind: JobKind, taskId: string, rev: number): string {
  return `${kind}-${taskId}-${rev}`;
}

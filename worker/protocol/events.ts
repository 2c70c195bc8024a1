import { z } from "zod";
import { artifactRefSchema, changeSchema } from "./change.ts";
import { egressDecisionSchema, egressRefusalSchema, egressSummarySchema } from "./egress.ts";
import { permissionRequestSchema } from "./permission.ts";
import {
  checkResultSchema,
  conflictSchema,
  personSchema,
  planEntrySchema,
  receiptSchema,
} from "./task.ts";

const event = <T extends string, S extends z.ZodRawShape>(type: T, shape: S) =>
  z.object({ type: z.literal(type), ...shape });

/** Past facts of one task. Chat, console, command line and archive all read this one log. */
export const eventSchema = z.discriminatedUnion("type", [
  event("task.created", {}),
  event("task.queued", { reason: z.enum(["new", "lost", "reply", "answer", "retry", "settle"]) }),
  event("run.started", { run: z.number(), epoch: z.number(), host: z.string() }),
  event("run.adopted", { epoch: z.number(), host: z.string() }),
  event("run.based", { branch: z.string(), commit: z.string() }),
  event("phase.started", { phase: z.string() }),
  event("remark", { sentence: z.string() }),
  event("agent.started", { name: z.string() }),
  event("agent.said", { text: z.string() }),
  event("agent.plan", { entries: z.array(planEntrySchema) }),
  /** One tool call, told once when it has ended (and once at its start when it lasts). */
  event("agent.tool", {
    id: z.string(),
    title: z.string(),
    kind: z.string(),
    status: z.enum(["running", "done", "failed"]),
    command: z.string().optional(),
    excerpt: z.string().optional(),
    exitCode: z.number().int().nullable().optional(),
    path: z.string().optional(),
    artifact: artifactRefSchema.optional(),
  }),
  event("prompt.received", { text: z.string(), by: personSchema, interrupt: z.boolean() }),
  event("prompt.sent", { text: z.string() }),
  event("permission.asked", { request: permissionRequestSchema }),
  event("permission.decided", { requestId: z.string(), option: z.string(), by: personSchema }),
  event("permission.expired", { requestId: z.string() }),
  /** The first refusal of a host; how often, and by whom, is in the task. */
  event("egress.refused", { refusal: egressRefusalSchema }),
  event("egress.decided", { decision: egressDecisionSchema }),
  /** The ledger in short, now and then while it changes. */
  event("egress.summary", { summary: egressSummarySchema }),
  event("files.changed", { files: z.number(), added: z.number(), removed: z.number() }),
  event("preview.changed", {
    ports: z.array(z.object({ port: z.number(), path: z.string(), title: z.string() })),
  }),
  event("screenshot.taken", {
    url: z.string(),
    shots: z.array(z.object({ viewport: z.string(), artifact: artifactRefSchema })),
    consoleErrors: z.array(z.string()),
    failedRequests: z.array(z.string()),
  }),
  event("check.finished", { result: checkResultSchema, artifact: artifactRefSchema.optional() }),
  event("run.finished", {
    summary: z.string(),
    change: changeSchema.optional(),
    elapsedMs: z.number(),
  }),
  event("run.failed", { kind: z.string(), sentence: z.string() }),
  event("stop.asked", { by: personSchema }),
  event("run.stopped", { by: personSchema, change: changeSchema.optional() }),
  event("merge.asked", { by: personSchema, tree: z.string() }),
  event("merge.refused", { sentence: z.string(), conflicts: z.array(conflictSchema) }),
  event("task.landed", { commit: z.string(), branch: z.string(), by: personSchema }),
  event("task.discarded", { by: personSchema }),
  event("sandbox.ended", {
    reason: z.enum(["landed", "discarded", "idle", "lost"]),
    receipt: receiptSchema.optional(),
  }),
]);
export type TaskEvent = z.infer<typeof eventSchema>;
export type TaskEventType = TaskEvent["type"];

/** An event with its place in the log. `id` grows; `atMs` is the Redis server's clock. */
export interface LoggedEvent {
  readonly id: string;
  readonly atMs: number;
  readonly event: TaskEvent;
}

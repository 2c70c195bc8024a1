import { z } from "zod";
import { changeSchema } from "./change.ts";
import { taskEgressSchema } from "./egress.ts";
import { taskIdSchema } from "./ids.ts";
import { permissionRequestSchema } from "./permission.ts";
import { type Person, personSchema } from "./person.ts";

/**
 * ```
 *  queued ──claim──▶ running ──finishes──▶ review ──merge──▶ landing ──pushed──▶ done
 *    ▲  ▲              │  │                 │ ▲                │
 *    │  └──lost────────┘  ├─asks─▶ waiting  │ └──conflict──────┘
 *    │                    │          │      └──▶ discarded
 *    │                    ├─▶ failed │answer
 *    └───reply, retry─────┴─▶ stopped└──▶ queued
 * ```
 * `waiting` and `review` wait for a person: no job, no driver, for days if need be.
 */
export const taskStateSchema = z.enum([
  "queued",
  "running",
  "waiting",
  "review",
  "landing",
  "done",
  "failed",
  "stopped",
  "discarded",
]);
export type TaskState = z.infer<typeof taskStateSchema>;

export { type Person, personSchema };

/** A repository as settings or a person gave it; `caller` says with whose rights git transports. */
export const repositorySchema = z.object({
  name: z.string().min(1).max(200),
  url: z.string().min(1).max(4096),
  /** Branch to build on and land onto; the remote's default when absent. */
  base: z.string().min(1).max(255).optional(),
  caller: z.object({
    uid: z.number().int().nonnegative(),
    gid: z.number().int().nonnegative(),
    home: z.string(),
    env: z.record(z.string(), z.string()),
  }),
});
export type Repository = z.infer<typeof repositorySchema>;

export const planEntrySchema = z.object({
  title: z.string(),
  status: z.enum(["pending", "in_progress", "completed"]),
});
export type PlanEntry = z.infer<typeof planEntrySchema>;

export const checkResultSchema = z.object({
  command: z.string(),
  /** null when it was ended by its time limit. */
  exitCode: z.number().int().nullable(),
  excerpt: z.string(),
  elapsedMs: z.number(),
  /** Artifact with the whole output when the excerpt is not all of it. */
  artifact: z.string().optional(),
});
export type CheckResult = z.infer<typeof checkResultSchema>;

export const receiptSchema = z.object({
  processes: z.number().int(),
  mounts: z.number().int(),
  cgroups: z.number().int(),
  bytesReturned: z.number(),
  elapsedMs: z.number(),
});

export const conflictSchema = z.object({
  path: z.string(),
  lines: z.string(),
  withTask: z.string().optional(),
  withTitle: z.string().optional(),
});
export type LandingConflict = z.infer<typeof conflictSchema>;

/** A prompt that waits for the agent's next free moment. */
export const promptSchema = z.object({
  text: z.string(),
  by: personSchema,
  interrupt: z.boolean(),
});
export type Prompt = z.infer<typeof promptSchema>;

/** What a person asked for, in one thread, and how far it is. The one record of truth. */
export const taskSchema = z.object({
  version: z.literal(1),
  id: taskIdSchema,
  /** Counts transitions; a writer that read an older one is refused. */
  rev: z.number().int().nonnegative(),
  state: taskStateSchema,
  /** Fencing number: each claim adds one, and a driver with a lower one may write nothing. */
  epoch: z.number().int().nonnegative(),
  /** Attempts, from 1. */
  run: z.number().int().positive(),
  request: z.string(),
  requester: personSchema,
  repository: repositorySchema,
  /** A profile's name or a command line. */
  agent: z.string(),
  thread: z.string().optional(),
  host: z.string().optional(),
  branch: z.string().optional(),
  baseCommit: z.string().optional(),
  /** What the driver is at, for a driver that takes over. */
  phase: z.enum(["prepare", "setup", "agent", "check", "settle"]).optional(),
  step: z.string().optional(),
  plan: z.array(planEntrySchema),
  /** Prompts not yet given to the agent; the first is the request itself. */
  prompts: z.array(promptSchema),
  /** Prompts given so far; the next one's key comes from it. */
  promptsSent: z.number().int().nonnegative(),
  /** The prompt that the agent works on: stored before it is sent, so that it is sent once. */
  promptInFlight: z.object({ key: z.string(), text: z.string() }).optional(),
  /** The repository's `setup` has run in this task's sandbox. */
  setupDone: z.boolean(),
  /** Set by `stop`; the driver obeys it. */
  stopAsked: personSchema.optional(),
  permission: permissionRequestSchema.optional(),
  /** Given answer that the next driver hands to the agent. */
  permissionAnswer: z.object({ requestId: z.string(), optionId: z.string() }).optional(),
  /** Opaque state of the agent's adapter. */
  agentSaved: z.unknown().optional(),
  summary: z.string().optional(),
  change: changeSchema.optional(),
  check: checkResultSchema.optional(),
  conflicts: z.array(conflictSchema),
  previews: z.array(z.object({ port: z.number().int(), path: z.string(), title: z.string() })),
  failure: z.object({ kind: z.string(), sentence: z.string() }).optional(),
  /** Who pressed Merge or Discard, and the tree that they were shown. */
  decision: z
    .object({
      kind: z.enum(["merge", "discard"]),
      by: personSchema,
      tree: z.string(),
      atMs: z.number(),
    })
    .optional(),
  landed: z.object({ commit: z.string(), atMs: z.number() }).optional(),
  receipt: receiptSchema.optional(),
  notEnforced: z.array(z.string()),
  egress: taskEgressSchema.optional(),
  createdAtMs: z.number(),
  startedAtMs: z.number().optional(),
  /** Start of the working spell that goes on; earlier ones are in `workedMs`. */
  runStartedAtMs: z.number().optional(),
  /** End of the last run. */
  endedAtMs: z.number().optional(),
  /** Working time of earlier runs. */
  workedMs: z.number(),
  /** Last sign of life by a person or the agent; idle sandboxes end by it. */
  activeAtMs: z.number(),
  sandbox: z.enum(["none", "live", "ended"]),
  /** Nothing moves in its sandbox until somebody wants something of it. */
  asleep: z.literal(true).optional(),
  /** The task is over, and its workspace, HOME and logs are off the host's disk. */
  filesGone: z.literal(true).optional(),
});
export type Task = z.infer<typeof taskSchema>;

/** States in which nothing more comes without a person. */
export function isSettled(task: Task): boolean {
  return ["review", "done", "failed", "stopped", "discarded", "waiting"].includes(task.state);
}

/** States that no word leads out of. */
export function isEnded(task: Task): boolean {
  return task.state === "done" || task.state === "discarded";
}

/** Ended, and a host still holds something of it. */
export function leavesFiles(task: Task): boolean {
  return isEnded(task) && task.host !== undefined && task.filesGone !== true;
}

/** Until it is ended and its sandbox and files are gone a worker looks after it. */
export function needsCare(task: Task): boolean {
  return !isEnded(task) || task.sandbox === "live" || leavesFiles(task);
}

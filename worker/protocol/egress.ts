import { z } from "zod";
import { personSchema } from "./person.ts";

/** How long a person's word holds. */
export const egressScopeSchema = z.enum(["once", "task", "repository"]);
export type EgressScope = z.infer<typeof egressScopeSchema>;

/** `once` is for trying again: a command makes many connections, and tomorrow's is another matter. */
export const onceMs = 10 * 60_000;

const ports = z.array(z.number().int().min(1).max(65_535)).max(16);

/** A host that the sandbox wanted and did not get, however often. All text of it is untrusted. */
export const egressRefusalSchema = z.object({
  host: z.string(),
  ports,
  count: z.number().int(),
  command: z.string().optional(),
  sentence: z.string(),
  /** A person may allow it; else `sentence` says who could. */
  askable: z.boolean(),
  firstMs: z.number(),
  lastMs: z.number(),
});
export type EgressRefusal = z.infer<typeof egressRefusalSchema>;

/** What a person said about a host. */
export const egressDecisionSchema = z.object({
  host: z.string(),
  /** Beside 80 and 443. */
  ports,
  verdict: z.enum(["allow", "block"]),
  scope: egressScopeSchema,
  untilMs: z.number().optional(),
  by: personSchema,
  atMs: z.number(),
});
export type EgressDecision = z.infer<typeof egressDecisionSchema>;

/** Of a task: what was refused, and what people said to it. One entry a host in either list. */
export const taskEgressSchema = z.object({
  refusals: z.array(egressRefusalSchema),
  decisions: z.array(egressDecisionSchema),
  /** The limit that was told already. */
  limit: z.string().optional(),
});
export type TaskEgress = z.infer<typeof taskEgressSchema>;

export const noTaskEgress: TaskEgress = { refusals: [], decisions: [] };

/** The ledger in short: busiest hosts first, bounded. */
export const egressSummarySchema = z.object({
  hosts: z.array(
    z.object({
      host: z.string(),
      ports,
      connections: z.number(),
      refused: z.number(),
      bytesUp: z.number(),
      bytesDown: z.number(),
      firstMs: z.number(),
      lastMs: z.number(),
    }),
  ),
  moreHosts: z.number(),
  bytesUp: z.number(),
  bytesDown: z.number(),
});
export type EgressSummary = z.infer<typeof egressSummarySchema>;

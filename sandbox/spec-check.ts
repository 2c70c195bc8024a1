import { z } from "zod";
import type { SandboxSpec } from "./spec.ts";

const absolute = z.string().regex(/^\/[^\0]*$/, "must be an absolute path");
const number = z.number().positive();
const id = z.number().int().nonnegative();
const key = z.string().regex(/^[0-9a-f]{16}$/, "is no key of an image or layer");
const common = { ownerUid: id, ownerGid: id, jjFolder: absolute.optional() };

const specSchema = z.object({
  id: z.string().regex(/^[a-z0-9][a-z0-9-]{0,31}$/, "must be of a-z, 0-9 and -, at most 32"),
  epoch: z.number().int().nonnegative(),
  hostname: z.string().regex(/^[a-zA-Z0-9][a-zA-Z0-9-]{0,62}$/, "is no host name"),
  workspace: z
    .union([
      z.object({ kind: z.literal("overlay"), lower: absolute, upperParent: absolute, ...common }),
      z.object({ kind: z.literal("folder"), path: absolute, ...common }),
    ])
    .optional(),
  image: key.optional(),
  downloads: key.optional(),
  layers: z.array(key).max(16).optional(),
  binds: z.array(z.object({ source: absolute, target: absolute })),
  limits: z.object({
    memoryBytes: number.int().min(8 * 1024 * 1024, "must be 8 MiB at least"),
    pids: number.int(),
    cpus: number,
    diskBytes: number.int(),
    openFiles: number.int(),
  }),
  egress: z.union([
    z.object({ kind: z.literal("none") }),
    z.object({ kind: z.literal("packages"), alsoNames: z.array(z.string()) }),
    z.object({ kind: z.literal("names"), names: z.array(z.string()) }),
    z.object({ kind: z.literal("open"), alsoNames: z.array(z.string()).optional() }),
  ]),
  egressRules: z
    .array(
      z.object({
        host: z.string(),
        ports: z.array(z.number().int()),
        verdict: z.enum(["allow", "block"]),
        scope: z.enum(["once", "task", "repository"]),
        untilMs: z.number().optional(),
        by: z.string(),
      }),
    )
    .optional(),
  egressLimits: z
    .object({
      bytes: number.optional(),
      connections: number.int().optional(),
      bytesPerSecond: number.optional(),
    })
    .optional(),
  forwards: z.array(z.object({ port: z.number().int().min(1).max(65_535), socketPath: absolute })),
});

/** The spec breaks a rule; the message names the first. */
export class BadSpecError extends Error {
  override readonly name = "BadSpecError";
}

/** Throws when a spec is not what a keeper can be given. */
export function checkSpec(spec: SandboxSpec): void {
  const { error } = specSchema.safeParse(spec);
  const issue = error?.issues[0];
  if (issue !== undefined) throw new BadSpecError(`${issue.path.join(".")}: ${issue.message}`);
}

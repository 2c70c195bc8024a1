import { z } from "zod";

/** A picture or a long text: bytes stored under `id` until the chat has them. */
export const artifactRefSchema = z.object({
  id: z.string(),
  name: z.string(),
  mediaType: z.string(),
  bytes: z.number().int(),
});
export type ArtifactRef = z.infer<typeof artifactRefSchema>;

export const changedFileSchema = z.object({
  path: z.string(),
  status: z.enum(["added", "modified", "removed", "renamed", "copied"]),
  added: z.number().int(),
  removed: z.number().int(),
});

/**
 * The last snapshot of a run's workspace, as shown to people. `tree` names the content: an
 * approval is bound to `change` and `tree`. Paths come from the agent and are untrusted.
 */
export const changeSchema = z.object({
  change: z.string(),
  commit: z.string(),
  tree: z.string(),
  base: z.string(),
  files: z.array(changedFileSchema),
  added: z.number().int(),
  removed: z.number().int(),
  conflicts: z.array(z.object({ path: z.string(), lines: z.string().optional() })),
  remarks: z.array(z.string()),
  /** Unified diff against the base. */
  diff: artifactRefSchema.optional(),
});
export type Change = z.infer<typeof changeSchema>;

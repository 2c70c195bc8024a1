import { readFile, rename, writeFile } from "node:fs/promises";
import { z } from "zod";

const snapshotSchema = z.object({
  change: z.string(),
  commit: z.string(),
  tree: z.string(),
  base: z.string(),
  files: z.array(
    z.object({
      path: z.string(),
      status: z.enum(["added", "modified", "removed", "renamed", "copied"]),
      added: z.number(),
      removed: z.number(),
      from: z.string().optional(),
    }),
  ),
  added: z.number(),
  removed: z.number(),
  conflicts: z.array(z.object({ path: z.string(), lines: z.string().optional() })),
  remarks: z.array(z.string()),
});

/** What is known of a task's workspace; written after each deed, replaced by rename. */
export const workspaceRecordSchema = z.object({
  version: z.literal(1),
  taskId: z.string(),
  /** Commit that it was made on. */
  base: z.string(),
  /** `none`: a commit that jj does not show; nothing of it is snapshotted. */
  kind: z.enum(["overlay", "folder", "none"]),
  snapshot: snapshotSchema.optional(),
  /** Paths into which a conflict was written: settled only when no marker is left in them. */
  conflictPaths: z.array(z.string()),
  /** The change as it was before that, whose own lines are no leftover markers. */
  beforeUpdate: z.string().optional(),
  /** Folders with a repository of their own: what jj shows as deleted below them is not. */
  nested: z.array(z.string()),
  /** Written before a push: who finds the commit landed integrates the operation. */
  pending: z.object({ commit: z.string(), operation: z.string().optional() }).optional(),
  /** What landed last, and the tree that had been approved for it. */
  landed: z.object({ commit: z.string(), approvedTree: z.string() }).optional(),
});
export type WorkspaceRecord = z.infer<typeof workspaceRecordSchema>;

/** Reads a record; undefined where there is none. */
export async function readRecord(path: string): Promise<WorkspaceRecord | undefined> {
  let text: string;
  try {
    text = await readFile(path, "utf8");
  } catch {
    return undefined;
  }
  return workspaceRecordSchema.parse(JSON.parse(text));
}

/** Writes a record whole or not at all. */
export async function saveRecord(path: string, record: WorkspaceRecord): Promise<void> {
  const next = `${path}.next`;
  await writeFile(next, JSON.stringify(record), { mode: 0o600, flush: true });
  await rename(next, path);
}

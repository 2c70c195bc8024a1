import type { Sandbox } from "../sandbox.ts";
import type { Snapshot } from "../workspace.ts";
import { bringBase } from "./bring-base.ts";
import type { Remote } from "./caller-git.ts";
import { readChange, workspaceSymbol } from "./change.ts";
import { HeldLock } from "./lock.ts";
import { saveRecord } from "./record.ts";
import { knownWorkspace, takeSnapshot } from "./snapshot.ts";
import { jjInView } from "./view.ts";

const lockWaitMs = 600_000;

/** Moves a task's change onto the newest base, conflicts and all, in the files themselves. */
export async function updateChange(
  remote: Remote,
  taskId: string,
  options: { readonly branch: string; readonly sandbox?: Sandbox },
): Promise<Snapshot> {
  const { context } = remote;
  const base = await bringBase(remote, options.branch, undefined);
  await using lock = await HeldLock.take(context.layout.lockFile, lockWaitMs);
  const now = await takeSnapshot(
    context,
    lock,
    await knownWorkspace(context, taskId, options.sandbox),
  );
  // Onto a conflict that is not settled each move would add a side, until nobody can read it.
  if (now.conflicts.length > 0) return now;
  const before = await readChange(context, workspaceSymbol(taskId));
  const known = await knownWorkspace(context, taskId, options.sandbox);
  if (before.parents[0] !== base) {
    await jjInView(known.view, lock, ["--quiet", "rebase", "-r", before.commit, "-o", base]);
  }
  const after = await readChange(context, workspaceSymbol(taskId));
  const conflictPaths = [...new Set([...known.record.conflictPaths, ...after.conflicts])];
  await saveRecord(known.workspace.recordFile, {
    ...known.record,
    conflictPaths,
    beforeUpdate: before.commit,
  });
  return await takeSnapshot(context, lock, await knownWorkspace(context, taskId, options.sandbox));
}

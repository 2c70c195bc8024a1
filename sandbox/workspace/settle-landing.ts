import type { Store } from "../workspace.ts";
import { readChange, workspaceSymbol } from "./change.ts";
import { readTrailer } from "./description.ts";
import { syncToDisk } from "./disk.ts";
import { askGit } from "./git.ts";
import { tellJj } from "./jj.ts";
import { HeldLock } from "./lock.ts";
import type { RepositoryContext } from "./programs.ts";
import { saveRecord } from "./record.ts";
import { type KnownWorkspace, knownWorkspace } from "./snapshot.ts";
import { originRef } from "./transport.ts";
import { jjInView } from "./view.ts";

const lockWaitMs = 600_000;

export type LandOptions = Parameters<Store["land"]>[1];

/** A rebase that jj has made but not integrated: until then nothing has happened. */
export interface Rebased {
  readonly commit: string;
  /** Absent where the change stood on the base already. */
  readonly operation: string | undefined;
}

/** The commit of this task that is on the base already, by its trailer. */
export async function findLanded(
  context: RepositoryContext,
  from: string,
  to: string,
  taskId: string,
): Promise<string | undefined> {
  const words = ["log", "-z", "--format=%H%n%B", `${from}..${to}`];
  const log = await askGit(context, "reading the base", words);
  for (const entry of log.split("\0")) {
    const [commit = "", ...body] = entry.split("\n");
    if (readTrailer(body.join("\n"), "Task-Id") === taskId) return commit;
  }
  return undefined;
}

/** Writes down what is about to be pushed; false where the change has moved on meanwhile. */
export async function notePending(
  context: RepositoryContext,
  taskId: string,
  shown: string,
  rebased: Rebased,
): Promise<boolean> {
  await using _lock = await HeldLock.take(context.layout.lockFile, lockWaitMs);
  const now = await readChange(context, workspaceSymbol(taskId));
  if (now.commit !== shown) return false;
  const { record, workspace } = await knownWorkspace(context, taskId, undefined);
  await saveRecord(workspace.recordFile, { ...record, pending: rebased });
  await syncToDisk(context.layout.root);
  return true;
}

/** After the push: what was aside becomes the truth, and is on the disk before anybody says so. */
export async function settleLanding(
  context: RepositoryContext,
  taskId: string,
  options: LandOptions,
  rebased: Rebased,
): Promise<void> {
  await using lock = await HeldLock.take(context.layout.lockFile, lockWaitMs);
  const known = await knownWorkspace(context, taskId, options.sandbox);
  const ref = originRef(options.branch);
  await askGit(context, "noting the landing", ["update-ref", ref, rebased.commit], { lock });
  await settle(context, lock, known, options, rebased);
}

/** A driver died between push and integrate: late is as good. */
export async function settleLate(
  context: RepositoryContext,
  lock: HeldLock,
  known: KnownWorkspace,
  options: LandOptions,
  commit: string,
): Promise<void> {
  const { pending } = known.record;
  const operation = pending?.commit === commit ? pending.operation : undefined;
  await settle(context, lock, known, options, { commit, operation });
}

async function settle(
  context: RepositoryContext,
  lock: HeldLock,
  known: KnownWorkspace,
  options: LandOptions,
  { commit, operation }: Rebased,
): Promise<void> {
  if (operation !== undefined) {
    await tellJj(context, lock, ["--quiet", "operation", "integrate", operation]);
  }
  await tellJj(context, lock, ["--quiet", "git", "import"]);
  const { pending: _done, beforeUpdate: _before, ...record } = known.record;
  const landed = { commit, approvedTree: options.expectedTree };
  await saveRecord(known.workspace.recordFile, { ...record, conflictPaths: [], landed });
  await syncToDisk(context.layout.root);
  await bringFilesAlong(known, lock);
}

/** Writes the others' landed changes into the workspace, for whoever goes on in it. */
async function bringFilesAlong(known: KnownWorkspace, lock: HeldLock): Promise<void> {
  const update = jjInView(known.view, lock, ["--quiet", "workspace", "update-stale"]);
  // The landing stands, whatever became of the sandbox: the next snapshot brings the files along.
  await update.catch(() => undefined);
}

import { readChange, type ShownChange, workspaceSymbol } from "./change.ts";
import { tellJj } from "./jj.ts";
import { folderFileset } from "./jj-text.ts";
import type { HeldLock } from "./lock.ts";
import type { RepositoryContext } from "./programs.ts";

/** A change as an operation left it that is not integrated: to all others nothing has happened. */
export interface AsideChange {
  readonly change: ShownChange;
  /** Absent where there was nothing to do. */
  readonly operation: string | undefined;
}

/** The change as it lands: files below nested repositories only look deleted, and are put back. */
export async function restoreNested(
  context: RepositoryContext,
  lock: HeldLock,
  taskId: string,
  nested: readonly string[],
): Promise<AsideChange> {
  const change = await readChange(context, workspaceSymbol(taskId));
  const parent = change.parents[0];
  if (nested.length === 0 || parent === undefined) return { change, operation: undefined };
  const paths = nested.map(folderFileset);
  const words = ["restore", "--from", parent, "--into", change.commit, ...paths];
  const operation = await runAside(context, lock, undefined, words);
  return { operation, change: await readChange(context, workspaceSymbol(taskId), operation) };
}

/** The change as it lands, rebased onto the base. */
export async function rebaseAside(
  context: RepositoryContext,
  lock: HeldLock,
  taskId: string,
  base: string,
  nested: readonly string[],
): Promise<AsideChange> {
  const restored = await restoreNested(context, lock, taskId, nested);
  const words = ["rebase", "-r", restored.change.commit, "-o", base];
  const rebased = await runAside(context, lock, restored.operation, words);
  if (rebased === undefined) return restored;
  return {
    operation: rebased,
    change: await readChange(context, workspaceSymbol(taskId), rebased),
  };
}

/** Runs jj without integrating what it did; answers the operation, if it did anything. */
export async function runAside(
  context: RepositoryContext,
  lock: HeldLock,
  at: string | undefined,
  args: readonly string[],
): Promise<string | undefined> {
  const from = at === undefined ? [] : ["--at-operation", at];
  const { stderr } = await tellJj(context, lock, ["--no-integrate-operation", ...from, ...args]);
  return /requested: ([0-9a-f]{12,128})/.exec(stderr)?.[1];
}

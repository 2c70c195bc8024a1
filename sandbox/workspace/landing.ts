import type { Landing } from "../workspace.ts";
import { rebaseAside } from "./aside.ts";
import { bringBase } from "./bring-base.ts";
import type { Remote } from "./caller-git.ts";
import { readChange, workspaceSymbol } from "./change.ts";
import { tellConflicts } from "./conflicts.ts";
import { HeldLock } from "./lock.ts";
import type { RepositoryContext } from "./programs.ts";
import { mergeByGit } from "./rename-merge.ts";
import {
  findLanded,
  type LandOptions,
  notePending,
  type Rebased,
  settleLanding,
  settleLate,
} from "./settle-landing.ts";
import { knownWorkspace, takeSnapshot } from "./snapshot.ts";
import { pushCommit } from "./transport.ts";

const lockWaitMs = 600_000;
/** Others' checks may take long, and each waits for its turn. */
const turnWaitMs = 6 * 3_600_000;
const maxTries = 6;

/**
 * Lands a task's change, with nothing to undo at any point:
 *
 *   fetch → already there? → snapshot is what was approved? → rebase, not integrated → conflict?
 *     → check → push with an exact lease ─ stale → fetch …
 *                                        └ pushed → integrate, sync
 *
 * Landings of one repository take turns; the store's lock is held for its writes only, so that other
 * tasks' snapshots go on while a check runs.
 */
export async function landChange(
  remote: Remote,
  taskId: string,
  options: LandOptions,
): Promise<Landing> {
  const { context } = remote;
  await using _turn = await HeldLock.take(context.layout.landingLockFile, turnWaitMs);
  for (let tries = 0; tries < maxTries; tries++) {
    const outcome = await tryLanding(remote, taskId, options);
    if (outcome !== "stale") return outcome;
  }
  const sentence = `Others push to ${options.branch} faster than this change can follow; try again.`;
  return { kind: "refused", sentence };
}

async function tryLanding(
  remote: Remote,
  taskId: string,
  options: LandOptions,
): Promise<Landing | "stale"> {
  const { context } = remote;
  const base = await bringBase(remote, options.branch, undefined);
  const prepared = await prepare(context, taskId, options, base);
  if ("kind" in prepared) return prepared;
  const commit = prepared.rebased.commit;
  const checked = await options.check?.(commit);
  if (checked !== undefined && !checked.passed) {
    return { kind: "check-failed", commit, output: checked.output };
  }
  if (!(await notePending(context, taskId, prepared.shown, prepared.rebased))) return movedOn();
  const pushed = await pushCommit(remote, options.branch, commit, base);
  if (pushed.kind === "stale") return "stale";
  if (pushed.kind === "refused") return { kind: "refused", sentence: refusalOf(pushed.reason) };
  await settleLanding(context, taskId, options, prepared.rebased);
  return { kind: "landed", commit, alreadyThere: false };
}

interface Prepared {
  /** Commit of the change as it was shown. */
  readonly shown: string;
  readonly rebased: Rebased;
}

/** Everything between fetch and check, under the store's lock. */
async function prepare(
  context: RepositoryContext,
  taskId: string,
  options: LandOptions,
  base: string,
): Promise<Prepared | Landing> {
  await using lock = await HeldLock.take(context.layout.lockFile, lockWaitMs);
  const known = await knownWorkspace(context, taskId, options.sandbox);
  const { landed } = known.record;
  if (landed?.approvedTree === options.expectedTree) {
    return { kind: "landed", commit: landed.commit, alreadyThere: true };
  }
  const there = await findLanded(context, landed?.commit ?? known.record.base, base, taskId);
  if (there !== undefined) {
    await settleLate(context, lock, known, options, there);
    return { kind: "landed", commit: there, alreadyThere: true };
  }
  const snapshot = await takeSnapshot(context, lock, known);
  if (snapshot.tree !== options.expectedTree) return movedOn();
  if (snapshot.files.length === 0) return { kind: "empty" };
  if (snapshot.conflicts.length > 0) {
    const files = snapshot.conflicts.map(({ path, lines }) => ({ path, lines: lines ?? "" }));
    return { kind: "conflict", snapshot, files };
  }
  const change = await readChange(context, workspaceSymbol(taskId));
  const { nested } = (await knownWorkspace(context, taskId, options.sandbox)).record;
  let rebased = await rebaseAside(context, lock, taskId, base, nested);
  if (rebased.change.conflict) {
    rebased = (await mergeByGit(context, lock, taskId, base, nested)) ?? rebased;
  }
  if (rebased.change.conflict) {
    const files = await tellConflicts(context, rebased, snapshot.base, base);
    return { kind: "conflict", snapshot, files };
  }
  if (rebased.change.empty) return { kind: "empty" };
  return {
    shown: change.commit,
    rebased: { commit: rebased.change.commit, operation: rebased.operation },
  };
}

function movedOn(): Landing {
  const sentence =
    "The files have changed since this was shown, so the approval no longer fits. Look at the new state and approve that.";
  return { kind: "refused", sentence };
}

function refusalOf(reason: string): string {
  if (/working (tree|directory) (has|contains)|unstaged|uncommitted|not clean/i.test(reason)) {
    return "The checkout there has changes that are not committed; commit or stash them, then merge again.";
  }
  return `The repository refused the push: ${reason}`;
}

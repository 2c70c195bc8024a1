import { type AsideChange, rebaseAside, restoreNested, runAside } from "./aside.ts";
import { readChange, workspaceSymbol } from "./change.ts";
import { askGit, gitOnStore } from "./git.ts";
import { tellJj } from "./jj.ts";
import type { HeldLock } from "./lock.ts";
import type { RepositoryContext } from "./programs.ts";

/**
 * jj follows no renames: a file renamed on one side and edited on the other is a conflict to it, and
 * none to git. Where git merges cleanly, its result becomes the rebased change, identity kept.
 * Answers undefined where git sees a conflict too.
 */
export async function mergeByGit(
  context: RepositoryContext,
  lock: HeldLock,
  taskId: string,
  base: string,
  nested: readonly string[],
): Promise<AsideChange | undefined> {
  const { change } = await restoreNested(context, lock, taskId, nested);
  const parent = change.parents[0];
  if (parent === undefined) return undefined;
  const sides = [`--merge-base=${parent}`, base, change.commit];
  const merge = await gitOnStore(context, ["merge-tree", "--write-tree", ...sides], { lock });
  if (merge.exitCode !== 0) return undefined;
  const tree = merge.stdout.toString("utf8").split("\n")[0] ?? "";
  const bookmark = `colony-merge-${taskId}`;
  const helper = await showToJj(context, lock, tree, base, bookmark);
  try {
    const rebased = await rebaseAside(context, lock, taskId, base, nested);
    const words = ["restore", "--from", helper, "--into", rebased.change.commit];
    const operation = await runAside(context, lock, rebased.operation, words);
    if (operation === undefined) return undefined;
    const merged = await readChange(context, workspaceSymbol(taskId), operation);
    return merged.conflict ? undefined : { operation, change: merged };
  } finally {
    await tellJj(context, lock, ["--quiet", "bookmark", "delete", bookmark]);
    await tellJj(context, lock, ["--quiet", "git", "export"]);
    await tellJj(context, lock, ["--quiet", "abandon", helper]);
  }
}

/** A commit with git's merged files, which jj takes in by a bookmark. */
async function showToJj(
  context: RepositoryContext,
  lock: HeldLock,
  tree: string,
  base: string,
  bookmark: string,
): Promise<string> {
  const identity = ["-c", "user.name=Colony", "-c", "user.email=colony@localhost"];
  const words = [...identity, "commit-tree", tree, "-p", base, "-m", "Merged by git"];
  const commit = (await askGit(context, "merging by git", words, { lock })).trim();
  const ref = ["update-ref", `refs/heads/${bookmark}`, commit];
  await askGit(context, "merging by git", ref, { lock });
  await tellJj(context, lock, ["--quiet", "git", "import"]);
  return commit;
}

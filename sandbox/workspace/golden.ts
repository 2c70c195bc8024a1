import { chmod, chown, mkdir, readdir, rename, rm, stat, utimes } from "node:fs/promises";
import { join } from "node:path";
import { addWorkspace } from "./add-workspace.ts";
import { folderExists, removeFolder } from "./folders.ts";
import { askGit } from "./git.ts";
import { tellJj } from "./jj.ts";
import type { HeldLock } from "./lock.ts";
import type { RepositoryContext } from "./programs.ts";

const maxGolden = 6;

/** A read-only checkout of one commit, shared by all workspaces on it. */
export interface Golden {
  readonly tree: string;
  /** jj's record of the files, which fits every workspace with this lower. */
  readonly treeState: string;
}

/** Paths of the golden workspace of a commit, made or not. */
export function goldenOf(context: RepositoryContext, commit: string): Golden {
  const root = join(context.layout.golden, commit);
  return { tree: join(root, "tree"), treeState: join(root, "tree_state") };
}

/** Makes the golden workspace of a commit that jj shows, unless it is there. */
export async function ensureGolden(
  context: RepositoryContext,
  lock: HeldLock,
  commit: string,
): Promise<Golden> {
  const golden = goldenOf(context, commit);
  if (await folderExists(golden.treeState)) {
    const now = new Date();
    await utimes(join(context.layout.golden, commit), now, now);
    return golden;
  }
  const name = `golden-${commit.slice(0, 16)}`;
  const made = join(context.layout.making, name);
  await addWorkspace(context, lock, { name, base: commit, patterns: "full", folder: made });
  await tellJj(context, lock, ["workspace", "forget", name]);
  const root = join(context.layout.golden, commit);
  await removeFolder(root);
  await mkdir(root, { recursive: true, mode: 0o700 });
  await rename(join(made, ".jj", "working_copy", "tree_state"), `${golden.treeState}.made`);
  await rm(join(made, ".jj"), { recursive: true });
  await placeTree(context, made, golden.tree);
  // Its presence says that the tree is whole.
  await rename(`${golden.treeState}.made`, golden.treeState);
  return golden;
}

/** Checks out a commit that only git knows (a rebase that is not integrated): no `tree_state`. */
export async function ensureBareGolden(
  context: RepositoryContext,
  lock: HeldLock,
  commit: string,
): Promise<Golden> {
  const golden = goldenOf(context, commit);
  if (await folderExists(golden.tree)) return golden;
  const made = join(context.layout.making, `checkout-${commit.slice(0, 16)}`);
  await removeFolder(made);
  await mkdir(made, { mode: 0o755 });
  await chown(made, context.owner.uid, context.owner.gid);
  const index = `${made}.index`;
  const prefix = ["--work-tree", made];
  await askGit(context, "checking out", [...prefix, "read-tree", commit], { lock, index });
  const out = [...prefix, "checkout-index", "--all", "--force", "--quiet"];
  await askGit(context, "checking out", out, { lock, index });
  await rm(index, { force: true });
  await mkdir(join(context.layout.golden, commit), { recursive: true, mode: 0o700 });
  await placeTree(context, made, golden.tree);
  return golden;
}

/** Removes the goldens that no workspace stands on, but the newest few. */
export async function sweepGolden(
  context: RepositoryContext,
  _lock: HeldLock,
  inUse: ReadonlySet<string>,
): Promise<void> {
  const names = await readdir(context.layout.golden);
  const dated = await Promise.all(
    names.map(async (name) => ({
      name,
      usedMs: (await stat(join(context.layout.golden, name))).mtimeMs,
    })),
  );
  const spare = dated.filter((each) => !inUse.has(each.name)).sort((a, b) => b.usedMs - a.usedMs);
  for (const { name } of spare.slice(maxGolden)) {
    await removeFolder(join(context.layout.golden, name));
  }
}

/** An empty `.jj` in the tree is the mount point for what covers it, or for jj's own. */
async function placeTree(context: RepositoryContext, made: string, tree: string): Promise<void> {
  const point = join(made, ".jj");
  await mkdir(point, { mode: 0o755 });
  await chown(point, context.owner.uid, context.owner.gid);
  await chmod(made, 0o755);
  await rename(made, tree);
}

import { constants } from "node:fs";
import { chmod, copyFile, lchown, mkdir, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { CommandError, runOrThrow } from "../command.ts";
import { systemEnvironment } from "../host-environment.ts";
import { addWorkspace, type NewWorkspace } from "./add-workspace.ts";
import { JjError } from "./errors.ts";
import { removeFolder } from "./folders.ts";
import { askGit } from "./git.ts";
import type { Golden } from "./golden.ts";
import { tellJj, tellJjIn } from "./jj.ts";
import { HeldLock } from "./lock.ts";
import type { RepositoryContext } from "./programs.ts";

const lockWaitMs = 600_000;

/**
 * Checks a commit out as jj does: all of it, or what differs from a golden that is there. The turn
 * is the goldens' own lock: the store's is taken only while jj writes an operation, so that a long
 * checkout keeps nobody from saving.
 */
export async function buildGolden(
  context: RepositoryContext,
  turn: HeldLock,
  commit: string,
  golden: Golden,
  from: (Golden & { readonly commit: string }) | undefined,
): Promise<void> {
  const name = `golden-${commit.slice(0, 16)}`;
  const folder = join(context.layout.making, name);
  const wanted: NewWorkspace = { name, folder, base: commit, patterns: "empty" };
  if (from === undefined || !(await growFrom(context, wanted, from))) {
    await add(context, wanted);
    // Writes files, and no operation.
    await tellJjIn(context, turn, folder, ["--quiet", "sparse", "set", "--clear", "--add", "."]);
  }
  await using lock = await HeldLock.take(context.layout.lockFile, lockWaitMs);
  await tellJj(context, lock, ["--quiet", "workspace", "forget", name]);
  const partial = `${golden.root}.partial`;
  await removeFolder(partial);
  await mkdir(partial, { mode: 0o700 });
  await rename(join(folder, ".jj", "working_copy", "tree_state"), join(partial, "tree_state"));
  await rm(join(folder, ".jj"), { recursive: true });
  await place(context, folder, partial, golden);
}

/**
 * Hard links of another golden's files, in which jj then replaces what differs: jj writes a new
 * file for each change and never into an old one. Answers false where that did not work.
 */
async function growFrom(
  context: RepositoryContext,
  wanted: NewWorkspace,
  from: Golden & { readonly commit: string },
): Promise<boolean> {
  try {
    await add(context, { ...wanted, base: from.commit });
    await runOrThrow("copying files by links", {
      argv: ["cp", "-al", "--", `${from.tree}/.`, `${wanted.folder}/`],
      env: systemEnvironment,
      timeoutMs: 600_000,
      maxOutputBytes: 10_000,
    });
    await putTreeState(context, from.treeState, join(wanted.folder, ".jj"));
    await using lock = await HeldLock.take(context.layout.lockFile, lockWaitMs);
    await tellJjIn(context, lock, wanted.folder, ["--quiet", "new", wanted.base]);
    return true;
  } catch (error) {
    if (!(error instanceof JjError || error instanceof CommandError)) throw error;
    return false;
  }
}

async function add(context: RepositoryContext, wanted: NewWorkspace): Promise<void> {
  await using lock = await HeldLock.take(context.layout.lockFile, lockWaitMs);
  await addWorkspace(context, lock, wanted);
}

/** Gives a workspace without files another's record of them; no link there is followed. */
export async function putTreeState(
  context: RepositoryContext,
  treeState: string,
  jjFolder: string,
): Promise<void> {
  const state = join(jjFolder, "working_copy", "tree_state");
  await rm(state, { force: true });
  await copyFile(treeState, state, constants.COPYFILE_EXCL);
  await lchown(state, context.owner.uid, context.owner.gid);
}

/** Checks a commit out by git alone; nothing can be snapshotted over it. */
export async function buildBareGolden(
  context: RepositoryContext,
  turn: HeldLock,
  commit: string,
  golden: Golden,
): Promise<void> {
  const folder = join(context.layout.making, `files-${commit.slice(0, 16)}`);
  await removeFolder(folder);
  await mkdir(folder, { mode: 0o755 });
  await lchown(folder, context.owner.uid, context.owner.gid);
  const index = `${folder}.index`;
  const tree = ["--work-tree", folder];
  await askGit(context, "checking out", [...tree, "read-tree", commit], { lock: turn, index });
  const out = [...tree, "checkout-index", "--all", "--force", "--quiet"];
  await askGit(context, "checking out", out, { lock: turn, index });
  await rm(index, { force: true });
  const partial = `${golden.root}.partial`;
  await removeFolder(partial);
  await mkdir(partial, { mode: 0o700 });
  await place(context, folder, partial, golden);
}

/** Puts the files under their final name, in one step, with an empty `.jj` to mount over. */
async function place(
  context: RepositoryContext,
  folder: string,
  partial: string,
  golden: Golden,
): Promise<void> {
  const point = join(folder, ".jj");
  await mkdir(point, { mode: 0o755 });
  await lchown(point, context.owner.uid, context.owner.gid);
  await chmod(folder, 0o755);
  await rename(folder, join(partial, "tree"));
  await rename(partial, golden.root);
}

import { chmod, chown, copyFile, mkdir, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { CommandError, runOrThrow } from "../command.ts";
import { systemEnvironment } from "../host-environment.ts";
import { addWorkspace } from "./add-workspace.ts";
import { JjError } from "./errors.ts";
import { removeFolder } from "./folders.ts";
import { askGit } from "./git.ts";
import type { Golden } from "./golden.ts";
import { tellJj, tellJjIn } from "./jj.ts";
import type { HeldLock } from "./lock.ts";
import type { RepositoryContext } from "./programs.ts";

/** Checks a commit out as jj does: all of it, or what differs from a golden that is there. */
export async function buildGolden(
  context: RepositoryContext,
  lock: HeldLock,
  commit: string,
  golden: Golden,
  from: (Golden & { readonly commit: string }) | undefined,
): Promise<void> {
  const name = `golden-${commit.slice(0, 16)}`;
  const folder = join(context.layout.making, name);
  const wanted = { name, folder } as const;
  if (from === undefined || !(await growFrom(context, lock, wanted, commit, from))) {
    await addWorkspace(context, lock, { ...wanted, base: commit, patterns: "full" });
  }
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
  lock: HeldLock,
  wanted: { readonly name: string; readonly folder: string },
  commit: string,
  from: Golden & { readonly commit: string },
): Promise<boolean> {
  const { owner } = context;
  try {
    await addWorkspace(context, lock, { ...wanted, base: from.commit, patterns: "empty" });
    await runOrThrow("copying files by links", {
      argv: ["cp", "-al", "--", `${from.tree}/.`, `${wanted.folder}/`],
      env: systemEnvironment,
      timeoutMs: 600_000,
      maxOutputBytes: 10_000,
    });
    const state = join(wanted.folder, ".jj", "working_copy", "tree_state");
    await copyFile(from.treeState, state);
    await chown(state, owner.uid, owner.gid);
    await tellJjIn(context, lock, wanted.folder, ["--quiet", "new", commit]);
    return true;
  } catch (error) {
    if (!(error instanceof JjError || error instanceof CommandError)) throw error;
    await tellJj(context, lock, ["--quiet", "workspace", "forget", wanted.name]);
    await removeFolder(wanted.folder);
    return false;
  }
}

/** Checks a commit out by git alone; nothing can be snapshotted over it. */
export async function buildBareGolden(
  context: RepositoryContext,
  lock: HeldLock,
  commit: string,
  golden: Golden,
): Promise<void> {
  const folder = join(context.layout.making, `files-${commit.slice(0, 16)}`);
  await removeFolder(folder);
  await mkdir(folder, { mode: 0o755 });
  await chown(folder, context.owner.uid, context.owner.gid);
  const index = `${folder}.index`;
  const tree = ["--work-tree", folder];
  await askGit(context, "checking out", [...tree, "read-tree", commit], { lock, index });
  const out = [...tree, "checkout-index", "--all", "--force", "--quiet"];
  await askGit(context, "checking out", out, { lock, index });
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
  await chown(point, context.owner.uid, context.owner.gid);
  await chmod(folder, 0o755);
  await rename(folder, join(partial, "tree"));
  await rename(partial, golden.root);
}

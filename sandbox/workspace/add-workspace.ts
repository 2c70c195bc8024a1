import { JjError } from "./errors.ts";
import { folderExists, removeFolder } from "./folders.ts";
import { tellJj, tellJjHere } from "./jj.ts";
import type { HeldLock } from "./lock.ts";
import type { RepositoryContext } from "./programs.ts";
import { removeStaleLocks } from "./stale-locks.ts";

/** A jj workspace to be made in the store owner's folder. */
export interface NewWorkspace {
  readonly name: string;
  readonly base: string;
  /** `empty` writes no file: the files come by an overlay. */
  readonly patterns: "empty" | "full";
  readonly folder: string;
}

/** `jj workspace add`, clearing away what a killed one left: in half the cases it is half there. */
export async function addWorkspace(
  context: RepositoryContext,
  lock: HeldLock,
  wanted: NewWorkspace,
): Promise<void> {
  const { name, base, patterns, folder } = wanted;
  const options = ["--name", name, "--sparse-patterns", patterns, "-r", base];
  const add = () => tellJjHere(context, lock, ["workspace", "add", ...options, folder]);
  await clearHalf(context, lock, wanted);
  try {
    await add();
  } catch (error) {
    if (!(error instanceof JjError)) throw error;
    const isKnown = error.failure === "refused" && error.stderr.includes("already exists");
    const isLocked = error.failure === "fault" && (await removeStaleLocks(context, lock)) > 0;
    if (!isKnown && !isLocked) throw error;
    await forgetHalf(context, lock, wanted);
    await add();
  }
}

async function clearHalf(
  context: RepositoryContext,
  lock: HeldLock,
  wanted: NewWorkspace,
): Promise<void> {
  if (await folderExists(wanted.folder)) await forgetHalf(context, lock, wanted);
}

/** jj may know the name of one whose folder is gone: a sweep was faster than its next maker. */
async function forgetHalf(
  context: RepositoryContext,
  lock: HeldLock,
  { name, folder }: NewWorkspace,
): Promise<void> {
  await tellJj(context, lock, ["--quiet", "workspace", "forget", name]);
  await removeFolder(folder);
}

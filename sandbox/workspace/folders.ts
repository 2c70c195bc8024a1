import { access, readdir, rename, stat } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { removeTree } from "../removal.ts";

const mark = ".doomed-";

/** Takes a folder out of the way in one step; answers its new name, to be removed at leisure. */
export async function setAside(path: string): Promise<string | undefined> {
  const doomed = join(dirname(path), `${basename(path)}${mark}${process.pid}-${Date.now()}`);
  try {
    await rename(path, doomed);
    return doomed;
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return undefined;
    throw error;
  }
}

/** Removes a folder so that a kill in between leaves no half of it under its name. */
export async function removeFolder(path: string): Promise<void> {
  const doomed = await setAside(path);
  if (doomed !== undefined) await removeTree(doomed);
}

/** Whether something is there, of whatever kind. */
export function folderExists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}

/** Removes what a killed removal, or a killed look at the files, left an hour ago and more. */
export async function sweepFolder(folder: string, nowMs: number): Promise<void> {
  for (const name of await readdir(folder)) {
    if (!name.includes(mark) && !name.startsWith("view-")) continue;
    const path = join(folder, name);
    const { mtimeMs } = await stat(path).catch(() => ({ mtimeMs: nowMs }));
    if (nowMs - mtimeMs > 3_600_000) await removeTree(path);
  }
}

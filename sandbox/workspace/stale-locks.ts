import { readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import type { HeldLock } from "./lock.ts";

/**
 * Removes lock files that a killed jj or git left in the store's git folder: with one of them every
 * later command fails. The held lock proves that no writer of ours is alive.
 */
export async function removeStaleLocks(gitFolder: string, _lock: HeldLock): Promise<number> {
  const top = (await readdir(gitFolder)).filter((name) => name.endsWith(".lock"));
  const refs = await readdir(join(gitFolder, "refs"), { recursive: true });
  const stale = [
    ...top.map((name) => join(gitFolder, name)),
    ...refs.filter((name) => name.endsWith(".lock")).map((name) => join(gitFolder, "refs", name)),
  ];
  await Promise.all(stale.map((path) => rm(path, { force: true })));
  return stale.length;
}

import { randomBytes } from "node:crypto";
import { chmod, chown, link, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { StateFolder } from "../../sandbox/state-folder.ts";

const keyBytes = 32;

/** Key that bot and preview proxy share: the bot signs links, the proxy checks them. */
export function previewKeyPath(folder: StateFolder): string {
  return join(folder.home, "preview.key");
}

/** Makes the key unless there is one; by the supervisor, readable by the unprivileged user alone. */
export async function preparePreviewKey(
  folder: StateFolder,
  user: { readonly uid: number; readonly gid: number },
): Promise<void> {
  const path = previewKeyPath(folder);
  const fresh = `${path}.${process.pid}`;
  await writeFile(fresh, randomBytes(keyBytes), { mode: 0o600 });
  await chown(fresh, 0, user.gid);
  await chmod(fresh, 0o640);
  try {
    // The first one stays: two supervisors that start at once must not end up with two keys.
    await link(fresh, path);
  } catch (error) {
    if (!(error instanceof Error && "code" in error && error.code === "EEXIST")) throw error;
  } finally {
    await rm(fresh, { force: true });
  }
}

export async function readPreviewKey(folder: StateFolder): Promise<Buffer> {
  return readFile(previewKeyPath(folder));
}

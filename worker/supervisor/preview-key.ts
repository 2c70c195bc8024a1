import { randomBytes } from "node:crypto";
import { chown, link, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { StateFolder } from "../../sandbox/state-folder.ts";

/** Makes, once, the key by which the bot signs preview links and the preview proxy knows them. */
export async function ensurePreviewKey(
  folder: StateFolder,
  user: { readonly uid: number; readonly gid: number },
): Promise<void> {
  const path = join(folder.home, "preview.key");
  const draft = `${path}.${process.pid}`;
  await writeFile(draft, randomBytes(32).toString("base64url"), { mode: 0o600 });
  await chown(draft, user.uid, user.gid);
  // A link fails where the key exists, so two that start at once agree on one.
  await link(draft, path).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== "EEXIST") throw error;
  });
  await rm(draft);
}

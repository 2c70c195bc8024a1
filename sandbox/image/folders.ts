import { chmodSync, chownSync, mkdirSync } from "node:fs";

/**
 * Makes a folder with exactly this mode and owner, whatever the umask. Not to be used below a folder
 * that a sandbox owns: it follows links.
 */
export function makeFolder(
  path: string,
  mode: number,
  owner: { readonly uid: number; readonly gid: number } = { uid: 0, gid: 0 },
): void {
  mkdirSync(path, { recursive: true });
  chownSync(path, owner.uid, owner.gid);
  chmodSync(path, mode);
}

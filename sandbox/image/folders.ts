import { chmod, chown, mkdir } from "node:fs/promises";

/** Makes a folder with exactly this mode and owner, whatever the umask. */
export async function makeFolder(
  path: string,
  mode: number,
  owner: { readonly uid: number; readonly gid: number } = { uid: 0, gid: 0 },
): Promise<void> {
  await mkdir(path, { recursive: true });
  await chown(path, owner.uid, owner.gid);
  await chmod(path, mode);
}

import { readFile } from "node:fs/promises";
import { HostNotReadyError } from "./errors.ts";

/** The user that our unprivileged processes run as. */
export const unprivilegedUserName = "colony";

let known: { readonly uid: number; readonly gid: number } | undefined;

/** Its uid and gid on this host; the set-up makes it. */
export async function readUnprivilegedUser(): Promise<{
  readonly uid: number;
  readonly gid: number;
}> {
  if (known !== undefined) return known;
  const passwd = await readFile("/etc/passwd", "utf8");
  const line = passwd.split("\n").find((one) => one.startsWith(`${unprivilegedUserName}:`));
  const [, , uid, gid] = line?.split(":") ?? [];
  if (uid === undefined || gid === undefined) {
    const remedy = `useradd --system --home-dir /nonexistent --shell /usr/sbin/nologin ${unprivilegedUserName}`;
    throw new HostNotReadyError(`User ${unprivilegedUserName}`, remedy);
  }
  known = { uid: Number(uid), gid: Number(gid) };
  return known;
}

import { readFile } from "node:fs/promises";

/** A user of the host by its numbers. */
export interface SystemUser {
  readonly name: string;
  readonly uid: number;
  readonly gid: number;
  readonly home: string;
}

/** Looks a user up in the host's own list, by name or uid. */
export async function readSystemUser(nameOrUid: string | number): Promise<SystemUser | undefined> {
  const lines = (await readFile("/etc/passwd", "utf8")).split("\n");
  for (const line of lines) {
    const [name, , uid, gid, , home] = line.split(":");
    if (name === undefined || uid === undefined || gid === undefined || home === undefined)
      continue;
    if (name !== nameOrUid && Number(uid) !== nameOrUid) continue;
    return { name, uid: Number(uid), gid: Number(gid), home };
  }
  return undefined;
}

/** The unprivileged user that owns stores and runs what needs no root; ourselves when not root. */
export async function readColonyUser(): Promise<SystemUser> {
  const ownUid = process.getuid?.() ?? 0;
  if (ownUid !== 0) {
    const gid = process.getgid?.() ?? ownUid;
    return { name: "colony", uid: ownUid, gid, home: "/nonexistent" };
  }
  const user = await readSystemUser("colony");
  if (user !== undefined && user.uid !== 0) return user;
  throw new Error(
    "The system user `colony` is missing on this host; `colony doctor` says how to add it.",
  );
}

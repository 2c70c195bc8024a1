import { readFile } from "node:fs/promises";

/** A user of the host by number. */
export interface Account {
  readonly uid: number;
  readonly gid: number;
}

const storeOwner = "colony";

/** The system user that owns stores and runs jj; set-up makes it. */
export async function readStoreOwner(): Promise<Account> {
  const passwd = await readFile("/etc/passwd", "utf8");
  for (const line of passwd.split("\n")) {
    const [name, , uid, gid] = line.split(":");
    if (name === storeOwner) return { uid: Number(uid), gid: Number(gid) };
  }
  throw new Error(`There is no system user "${storeOwner}" yet; run the set-up first.`);
}

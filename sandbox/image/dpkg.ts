/** A configuration file as its package shipped it, by the MD5 that dpkg recorded. */
export interface Conffile {
  readonly path: string;
  readonly md5: string;
}

/** Reads the `Conffiles:` fields of dpkg's status file; obsolete and removed ones are left out. */
export function parseConffiles(status: string): Conffile[] {
  const found: Conffile[] = [];
  let inside = false;
  for (const line of status.split("\n")) {
    if (!line.startsWith(" ")) {
      inside = line.startsWith("Conffiles:");
      continue;
    }
    if (!inside) continue;
    const [path, md5, flag] = line.trim().split(" ");
    if (path === undefined || md5 === undefined || flag !== undefined) continue;
    if (/^[0-9a-f]{32}$/.test(md5)) found.push({ path, md5 });
  }
  return found;
}

/** Paths below `/etc`, `/var`, `/opt`, `/srv` that a package's file list names. */
export function parseOwnedPaths(list: string): string[] {
  return list.split("\n").filter((path) => /^\/(etc|var|opt|srv)\//.test(path));
}

import { readdirSync, readFileSync, readlinkSync } from "node:fs";
import { uidRangeSize } from "./bundle/config.ts";
import { groupFolders, readCgroupLayout } from "./cgroups/cgroup.ts";
import { boxGroup, keeperGroup } from "./cgroups/names.ts";
import { sandboxPaths } from "./keeper-paths.ts";
import type { StateFolder } from "./state-folder.ts";

/** What the kernel still has of a sandbox. */
export interface Remains {
  readonly processes: readonly number[];
  readonly mounts: readonly string[];
  readonly cgroups: readonly string[];
  /** Processes of other groups in a mount namespace of it (a jj that outlived its driver). */
  readonly holders: readonly number[];
}

/** Asks the kernel: `/proc`, every mount namespace's table, every cgroup hierarchy. */
export function readRemains(folder: StateFolder, id: string, uidBase: number | undefined): Remains {
  const layout = readCgroupLayout();
  const groups = [boxGroup(folder, id), keeperGroup(folder, id)];
  const processes: number[] = [];
  const mounts = new Set<string>();
  const holders: number[] = [];
  const hasMounts = new Map<string, boolean>();
  const host = readLink("/proc/self/ns/mnt");
  const { private: own } = sandboxPaths(folder, id);
  for (const name of readdirSync("/proc")) {
    if (!/^\d+$/.test(name)) continue;
    const namespace = readLink(`/proc/${name}/ns/mnt`);
    const isProcess = isOurs(name, groups, uidBase);
    if (isProcess) processes.push(Number(name));
    if (namespace === undefined) continue;
    if (!hasMounts.has(namespace)) {
      const found = readText(`/proc/${name}/mountinfo`)
        .split("\n")
        .filter((line) => line.includes(`${own}/`));
      for (const line of found) mounts.add(`${namespace} ${line.split(" ")[4]}`);
      hasMounts.set(namespace, found.length > 0);
    }
    if (!isProcess && namespace !== host && hasMounts.get(namespace)) holders.push(Number(name));
  }
  const cgroups = groups.flatMap((group) => groupFolders(layout, group));
  return { processes, mounts: [...mounts], cgroups, holders };
}

/** By cgroup and by uid: the numbers of namespaces are used again, and tell nothing afterwards. */
function isOurs(pid: string, groups: readonly string[], uidBase: number | undefined): boolean {
  const status = readText(`/proc/${pid}/status`);
  // Dead, with nothing but a number left that the host's own init has yet to take back.
  if (/^State:\tZ/m.test(status) && /^PPid:\t1$/m.test(status)) return false;
  const paths = readText(`/proc/${pid}/cgroup`).split("\n");
  if (paths.some((line) => groups.some((group) => line.endsWith(`:/${group}`)))) return true;
  return uidBase !== undefined && hasUidOf(status, uidBase);
}

/** Whether any of a process's four uids is of the range that begins at `base`. */
export function hasUidOf(status: string, base: number): boolean {
  const uids = /^Uid:\t(.*)$/m.exec(status)?.[1]?.split("\t").map(Number) ?? [];
  return uids.some((uid) => uid >= base && uid < base + uidRangeSize);
}

function readText(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
}

function readLink(path: string): string | undefined {
  try {
    return readlinkSync(path);
  } catch {
    return undefined;
  }
}

import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { groupFolders, readCgroupLayout } from "../cgroups/cgroup.ts";
import { boxGroup } from "../cgroups/names.ts";
import { type SandboxPaths, sandboxPaths } from "../keeper-paths.ts";
import { isOpening } from "../opening.ts";
import type { StateFolder } from "../state-folder.ts";
import { dropClaim, readUidRanges } from "../uid-range.ts";
import type { FoundLeftover } from "./leftover.ts";

/** Our claims in the host's registry that no file and no process stands behind. */
export function findUidRanges(folder: StateFolder): FoundLeftover[] {
  return readUidRanges(folder)
    .filter(({ home, id, base }) => home === folder.home && isUnused(folder, id, base))
    .map(({ base, id }) => ({
      kind: "uid-range",
      name: String(base),
      why: `claimed by ${id}, which has no file and no process`,
      async remove() {
        if (isUnused(folder, id, base)) dropClaim(folder, base);
        return { bytes: 0 };
      },
    }));
}

function isUnused(folder: StateFolder, id: string, base: number): boolean {
  const paths = sandboxPaths(folder, id);
  if (isOpening(paths) || hasRange(paths, base) || hasWorkspace(folder, id)) return false;
  return groupFolders(readCgroupLayout(), boxGroup(folder, id)).length === 0;
}

/** Killed between the claim and its being noted, the next sandbox of the task claims another. */
function hasRange(paths: SandboxPaths, base: number): boolean {
  return existsSync(paths.uidBase) && Number(readFileSync(paths.uidBase, "utf8")) === base;
}

/** Its upper holds the range's files. */
function hasWorkspace(folder: StateFolder, id: string): boolean {
  let keys: string[] = [];
  try {
    keys = readdirSync(folder.repositories);
  } catch {
    return false;
  }
  return keys.some((key) => existsSync(join(folder.repositories, key, "workspaces", id)));
}

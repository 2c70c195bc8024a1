import { isGroupFrozen, readCgroupLayout } from "./cgroups/cgroup.ts";
import { boxGroup } from "./cgroups/names.ts";
import type { StateFolder } from "./state-folder.ts";

/** Whether nothing moves in the sandbox, as the kernel says. */
export function isSandboxAsleep(folder: StateFolder, id: string): boolean {
  return isGroupFrozen(readCgroupLayout(), boxGroup(folder, id));
}

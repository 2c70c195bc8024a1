import { readCgroupLayout, readMemoryUsage } from "./cgroups/cgroup.ts";
import { boxGroup, keeperGroup } from "./cgroups/names.ts";
import type { StateFolder } from "./state-folder.ts";

/** Bytes that the kernel charges to a sandbox and to its keeper; 0 where it does not count. */
export function readSandboxMemory(folder: StateFolder, id: string): number {
  const layout = readCgroupLayout();
  return [boxGroup(folder, id), keeperGroup(folder, id)]
    .map((group) => readMemoryUsage(layout, group) ?? 0)
    .reduce((sum, bytes) => sum + bytes, 0);
}

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { countOutOfMemoryKills, readCgroupLayout } from "./cgroups/cgroup.ts";
import { type CgroupLayout, controllerFolder } from "./cgroups/layout.ts";
import { boxGroup } from "./cgroups/names.ts";
import { sandboxPaths } from "./keeper-paths.ts";
import type { StateFolder } from "./state-folder.ts";
import { readStop, type StopReason } from "./stop-reason.ts";

/** What the kernel counts of a sandbox, since the sandbox began. */
export interface LimitCounts {
  /** Processes that the memory limit killed. */
  readonly outOfMemoryKills: number;
  /** Times that the limit of processes refused a new one. */
  readonly refusedForks: number;
  readonly cpuMs: number;
  /** Why it was ended, if it was. */
  readonly stop: StopReason | undefined;
}

/** Reads the counters; all 0 where there is no sandbox. */
export function readLimitCounts(folder: StateFolder, id: string): LimitCounts {
  const layout = readCgroupLayout();
  const group = boxGroup(folder, id);
  return {
    outOfMemoryKills: countOutOfMemoryKills(layout, group),
    refusedForks: countRefusedForks(layout, group),
    cpuMs: readCpuMs(layout, group),
    stop: readStop(sandboxPaths(folder, id)),
  };
}

function countRefusedForks(layout: CgroupLayout, group: string): number {
  const text = readFile(layout, "pids", group, "pids.events");
  return Number(/^max (\d+)$/m.exec(text)?.[1] ?? 0);
}

function readCpuMs(layout: CgroupLayout, group: string): number {
  if (layout.kind !== "v2") {
    return Number(readFile(layout, "cpuacct", group, "cpuacct.usage")) / 1e6;
  }
  const text = readFile(layout, "cpu", group, "cpu.stat");
  return Number(/^usage_usec (\d+)$/m.exec(text)?.[1] ?? 0) / 1e3;
}

function readFile(layout: CgroupLayout, controller: string, group: string, name: string): string {
  const folder = controllerFolder(layout, controller, group);
  if (folder === undefined) return "";
  try {
    return readFileSync(join(folder, name), "utf8");
  } catch {
    return "";
  }
}

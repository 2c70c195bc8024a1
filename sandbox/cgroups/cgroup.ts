import { existsSync, mkdirSync, readFileSync, rmdirSync, writeFileSync } from "node:fs";
import { readdir } from "node:fs/promises";
import { dirname, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { allFolders, type CgroupLayout, controllerFolder, parseCgroupLayout } from "./layout.ts";

/** How cgroups are mounted in our own mount namespace. */
export function readCgroupLayout(): CgroupLayout {
  return parseCgroupLayout(readFileSync("/proc/self/mountinfo", "utf8"));
}

/** Controllers of a v2 host; empty elsewhere. */
export function readV2Controllers(layout: CgroupLayout): string[] {
  const root = layout.kind === "v2" ? layout.hierarchies[0]?.path : undefined;
  if (root === undefined) return [];
  return readText(join(root, "cgroup.controllers"))?.trim().split(" ") ?? [];
}

/** Makes the group in every hierarchy and lets v2 hand controllers down to it. */
export function makeGroup(layout: CgroupLayout, group: string): void {
  for (const folder of allFolders(layout, group)) {
    const parent = dirname(folder);
    mkdirSync(parent, { recursive: true });
    if (layout.kind === "v2") {
      for (const one of [dirname(parent), parent]) delegate(one);
    }
    // A v1 cpuset group takes no process before it has cpus and nodes.
    inheritCpuset(parent);
    mkdirSync(folder, { recursive: true });
    inheritCpuset(folder);
  }
}

function delegate(folder: string): void {
  for (const controller of ["memory", "pids", "cpu"]) {
    try {
      writeFileSync(join(folder, "cgroup.subtree_control"), `+${controller}`);
    } catch {
      // Said by decideNotEnforced where it matters.
    }
  }
}

function inheritCpuset(folder: string): void {
  for (const name of ["cpuset.cpus", "cpuset.mems"]) {
    const own = readText(join(folder, name));
    if (own?.trim() !== "") continue;
    const above = readText(join(dirname(folder), name));
    if (above !== undefined) writeFileSync(join(folder, name), above.trim());
  }
}

/** Processes of a group in any hierarchy (`cgroup.procs` has size 0 always: it is read). */
export function groupProcesses(layout: CgroupLayout, group: string): number[] {
  const found = new Set<number>();
  for (const folder of allFolders(layout, group)) {
    const text = readText(join(folder, "cgroup.procs")) ?? "";
    for (const line of text.split("\n")) if (line !== "") found.add(Number(line));
  }
  return [...found];
}

/** Folders of the group that exist. */
export function groupFolders(layout: CgroupLayout, group: string): string[] {
  return allFolders(layout, group).filter((folder) => existsSync(folder));
}

/** Stops every process of the group from moving; resolves when the kernel says that all stand. */
export async function freezeGroup(layout: CgroupLayout, group: string): Promise<void> {
  const folder = controllerFolder(layout, "freezer", group);
  if (folder === undefined || !existsSync(folder)) return;
  const isV2 = layout.kind === "v2";
  writeFileSync(join(folder, isV2 ? "cgroup.freeze" : "freezer.state"), isV2 ? "1" : "FROZEN");
  const deadline = Date.now() + 5_000;
  while (!isFrozen(folder, isV2)) {
    if (Date.now() > deadline) throw new Error(`The processes of ${group} do not stand still.`);
    // The v1 freezer gives up on a busy group silently; asking again makes it go on.
    if (!isV2) writeFileSync(join(folder, "freezer.state"), "FROZEN");
    await sleep(1);
  }
}

/** Whether the kernel holds the group still. */
export function isGroupFrozen(layout: CgroupLayout, group: string): boolean {
  const folder = controllerFolder(layout, "freezer", group);
  return folder !== undefined && isFrozen(folder, layout.kind === "v2");
}

function isFrozen(folder: string, isV2: boolean): boolean {
  if (!isV2) return readText(join(folder, "freezer.state"))?.trim() === "FROZEN";
  return /^frozen 1$/m.test(readText(join(folder, "cgroup.events")) ?? "");
}

/** Lets the group's processes go on. */
export function thawGroup(layout: CgroupLayout, group: string): void {
  const folder = controllerFolder(layout, "freezer", group);
  if (folder === undefined || !existsSync(folder)) return;
  if (layout.kind === "v2") writeFileSync(join(folder, "cgroup.freeze"), "0");
  else writeFileSync(join(folder, "freezer.state"), "THAWED");
}

/** Kills every process of the group, fork bombs too; answers how many it found. */
export async function killGroup(layout: CgroupLayout, group: string): Promise<number> {
  const killed = new Set<number>();
  const deadline = Date.now() + 20_000;
  for (;;) {
    const processes = groupProcesses(layout, group);
    if (processes.length === 0) return killed.size;
    if (Date.now() > deadline) throw new Error(`Processes of ${group} cannot be killed.`);
    for (const pid of processes) killed.add(pid);
    await killOnce(layout, group, processes);
    await sleep(2);
  }
}

async function killOnce(
  layout: CgroupLayout,
  group: string,
  processes: readonly number[],
): Promise<void> {
  const v2 = layout.kind === "v2" ? layout.hierarchies[0]?.path : undefined;
  if (v2 !== undefined && existsSync(join(v2, group, "cgroup.kill"))) {
    writeFileSync(join(v2, group, "cgroup.kill"), "1");
    return;
  }
  // Frozen processes cannot fork between the reading and the killing.
  await freezeGroup(layout, group).catch(() => undefined);
  for (const pid of new Set([...processes, ...groupProcesses(layout, group)])) kill(pid);
  thawGroup(layout, group);
}

function kill(pid: number): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch {
    // Already gone.
  }
}

/** Removes the group's folders; those that still hold a process stay. */
export async function removeGroup(layout: CgroupLayout, group: string): Promise<void> {
  for (const folder of groupFolders(layout, group)) {
    for (const child of await readdir(folder, { withFileTypes: true }).catch(() => [])) {
      if (child.isDirectory()) await removeFolder(join(folder, child.name));
    }
    await removeFolder(folder);
  }
}

/** The kernel lets go of a dead process's cgroup a moment after its death. */
async function removeFolder(folder: string): Promise<void> {
  for (let attempt = 0; attempt < 100; attempt++) {
    try {
      rmdirSync(folder);
      return;
    } catch (error) {
      if (!(error instanceof Error && "code" in error && error.code === "EBUSY")) return;
      await sleep(5);
    }
  }
}

/** Bytes that the kernel charges to the group, caches too; undefined without a memory controller. */
export function readMemoryUsage(layout: CgroupLayout, group: string): number | undefined {
  const folder = controllerFolder(layout, "memory", group);
  if (folder === undefined) return undefined;
  const name = layout.kind === "v2" ? "memory.current" : "memory.usage_in_bytes";
  const text = readText(join(folder, name));
  return text === undefined ? undefined : Number(text);
}

/** The kernel's count of processes that the memory limit killed. */
export function countOutOfMemoryKills(layout: CgroupLayout, group: string): number {
  const folder = controllerFolder(layout, "memory", group);
  if (folder === undefined) return 0;
  const name = layout.kind === "v2" ? "memory.events" : "memory.oom_control";
  const found = /^oom_kill (\d+)$/m.exec(readText(join(folder, name)) ?? "");
  return Number(found?.[1] ?? 0);
}

/** Processor time that the group has used, as the kernel's text: it changes when anything ran. */
export function readCpuUsage(layout: CgroupLayout, group: string): string | undefined {
  const controller = layout.kind === "v2" ? "cpu" : "cpuacct";
  const folder = controllerFolder(layout, controller, group);
  if (folder === undefined) return undefined;
  const text = readText(join(folder, layout.kind === "v2" ? "cpu.stat" : "cpuacct.usage"));
  return text?.split("\n", 1)[0];
}

/** Whether v1 can limit swap too (v2 does so by itself when told). */
export function canLimitSwap(layout: CgroupLayout): boolean {
  if (layout.kind === "v2") return true;
  const folder = controllerFolder(layout, "memory", "");
  return folder !== undefined && existsSync(join(folder, "memory.memsw.limit_in_bytes"));
}

function readText(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return undefined;
  }
}

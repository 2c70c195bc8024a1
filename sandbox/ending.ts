import { existsSync, readFileSync } from "node:fs";
import { rename, rm, rmdir } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import {
  groupFolders,
  killGroup,
  readCgroupLayout,
  removeGroup,
  thawGroup,
} from "./cgroups/cgroup.ts";
import { boxGroup, installationGroup, keeperGroup } from "./cgroups/names.ts";
import { runCommand } from "./command.ts";
import { systemEnvironment } from "./host-environment.ts";
import { sandboxPaths } from "./keeper-paths.ts";
import { readRemains } from "./receipt.ts";
import { removeInBackground, removeTree } from "./removal.ts";
import type { Receipt } from "./spec.ts";
import type { StateFolder } from "./state-folder.ts";
import { dropClaim, readUidRanges } from "./uid-range.ts";

/** The kernel takes a moment between a process's death and the end of its namespaces. */
const settleTimeoutMs = 5_000;
/** A jj whose driver died is let go on for so long: it may be writing. */
const holderTimeoutMs = 1_500;

/**
 * Ends a sandbox, living or left over, from what is on disk and in the kernel alone; nothing to end
 * is no error. In this order: the sandbox's processes, its keeper's (their mounts go with the
 * namespace), the runtime's state, the cgroups, the sockets. What it wrote stays.
 */
export async function endSandbox(folder: StateFolder, id: string): Promise<Receipt> {
  const began = performance.now();
  const paths = sandboxPaths(folder, id);
  const layout = readCgroupLayout();
  const uidBase = readUidBase(folder, id);
  for (const group of [boxGroup(folder, id), keeperGroup(folder, id)]) {
    await killGroup(layout, group);
    thawGroup(layout, group);
    await removeGroup(layout, group);
  }
  // Empty only when this was the installation's last sandbox.
  await removeEmptyParent(folder);
  const { bundle, runtimeState, run, keeperRecord, spec, fstab, pidFile, runtimeLog } = paths;
  const bytesBefore = await bytesOf([bundle, runtimeState, run]);
  const files = [join(paths.private, "exec"), keeperRecord, spec, fstab, pidFile, runtimeLog];
  // What `isLeftOver` looks for comes last: who is killed in between leaves something to find.
  for (const path of [bundle, ...files, runtimeState, run]) {
    await rm(path, { recursive: true, force: true });
  }
  const remains = await settle(folder, id, uidBase);
  return {
    processes: remains.processes.length,
    mounts: remains.mounts.length,
    cgroups: remains.cgroups.length,
    bytesReturned: bytesBefore,
    elapsedMs: Math.round(performance.now() - began),
  };
}

/** Whether anything but files is there: a finished sandbox has only its files. */
export function isLeftOver(folder: StateFolder, id: string): boolean {
  const paths = sandboxPaths(folder, id);
  if (existsSync(paths.run) || existsSync(paths.runtimeState)) return true;
  const layout = readCgroupLayout();
  return [boxGroup(folder, id), keeperGroup(folder, id)].some(
    (group) => groupFolders(layout, group).length > 0,
  );
}

/**
 * Removes what the sandboxes of a task wrote, its HOME and logs too; answers the bytes returned.
 * `isPatient`: not before they are gone. Else somebody else removes them meanwhile.
 */
export async function removeSandboxFiles(
  folder: StateFolder,
  id: string,
  { isPatient = true }: { readonly isPatient?: boolean } = {},
): Promise<number> {
  const { private: own } = sandboxPaths(folder, id);
  if (!existsSync(own)) return 0;
  const bytes = await bytesOf([own]);
  // Renamed first: a half-removed folder must never look like a sandbox.
  const doomed = join(folder.sandboxes, `.gone-${id}-${process.pid}-${Date.now()}`);
  const uidBase = readUidBase(folder, id);
  await rename(own, doomed);
  if (uidBase !== undefined) dropClaim(folder, uidBase);
  if (isPatient) await removeTree(doomed);
  else removeInBackground(doomed);
  return bytes;
}

async function settle(folder: StateFolder, id: string, uidBase: number | undefined) {
  const deadline = Date.now() + settleTimeoutMs;
  const patience = Date.now() + holderTimeoutMs;
  for (;;) {
    const remains = readRemains(folder, id, uidBase);
    const left = remains.processes.length + remains.mounts.length + remains.cgroups.length;
    if (left === 0 || Date.now() > deadline) return remains;
    for (const pid of remains.processes) kill(pid);
    if (Date.now() > patience) for (const pid of remains.holders) kill(pid);
    await sleep(20);
  }
}

async function removeEmptyParent(folder: StateFolder): Promise<void> {
  const layout = readCgroupLayout();
  for (const { path } of layout.hierarchies) {
    // Refused while another sandbox lives in it.
    await rmdir(`${path}/${installationGroup(folder)}`).catch(() => undefined);
  }
}

/** Disk that these folders take, counted by a walk. */
export async function bytesOf(paths: readonly string[]): Promise<number> {
  const there = paths.filter((path) => existsSync(path));
  if (there.length === 0) return 0;
  const { stdout } = await runCommand({
    argv: ["du", "--summarize", "--total", "--block-size=1", ...there],
    env: systemEnvironment,
    timeoutMs: 120_000,
    maxOutputBytes: 64_000,
  });
  return Number(/(\d+)\ttotal\n$/.exec(stdout.toString("utf8"))?.[1] ?? 0);
}

function readUidBase(folder: StateFolder, id: string): number | undefined {
  const { uidBase } = sandboxPaths(folder, id);
  if (existsSync(uidBase)) return Number(readFileSync(uidBase, "utf8")) || undefined;
  // The file may have gone with the whole state folder.
  return readUidRanges(folder).find((one) => one.home === folder.home && one.id === id)?.base;
}

function kill(pid: number): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch {
    // Already gone.
  }
}

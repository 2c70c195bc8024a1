import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { expect } from "vitest";
import { groupProcesses, readCgroupLayout } from "../../../sandbox/cgroups/cgroup.ts";
import { boxGroup, keeperGroup } from "../../../sandbox/cgroups/names.ts";
import { sandboxPaths } from "../../../sandbox/keeper-paths.ts";
import { readRemains } from "../../../sandbox/receipt.ts";
import { sweepLeftovers } from "../../../sandbox/sandbox.ts";
import type { StateFolder } from "../../../sandbox/state-folder.ts";
import { readUidRanges } from "../../../sandbox/uid-range.ts";
import { openStore } from "../../../sandbox/workspace.ts";
import { makeSandboxHome, mebibyte, smallSpec } from "../sandbox-fixture.ts";
import { seeded } from "../whole/kills.ts";
import { caller, makeRepository } from "../workspace-fixture.ts";

/** Who is hit: the launcher is the driver; the supervisor takes all of its children along. */
const victims = ["launcher", "supervisor", "keeper", "runtime", "everything"] as const;
type Victim = (typeof victims)[number];

/** Kills at `moments` points spread over start and run; throws where one sweep leaves anything. */
export async function surviveMoments(moments: number, seed: number): Promise<void> {
  await using folder = makeSandboxHome();
  const url = makeRepository(folder, { "a.txt": "one\n", "dir/b.txt": "two\n" });
  await (await openStore({ folder, url, caller })).fetch();
  // The first one makes what all share, the second tells how long a life is.
  await live(folder, url, "first");
  const lifeMs = await live(folder, url, "second");
  await sweepAll(folder);
  const before = diskBytes(folder);
  const random = seeded(seed);
  const hits: Partial<Record<Victim, number>> = {};
  for (let moment = 0; moment < moments; moment++) {
    const victim = victims[moment % victims.length] ?? "launcher";
    // Each victim's moments are spread over the whole life.
    const share = (Math.floor(moment / victims.length) + random()) / (moments / victims.length);
    const id = `k${moment}`;
    const hit = await killAt(folder, url, { id, victim, afterMs: Math.min(1, share) * lifeMs });
    if (hit) hits[victim] = (hits[victim] ?? 0) + 1;
    await expectNothing(folder, id, `${victim} after ${Math.round(share * lifeMs)} ms (${moment})`);
  }
  // A moment that hits nobody proves nothing: most must have hit.
  const total = Object.values(hits).reduce((sum, one) => sum + one, 0);
  expect(total, JSON.stringify(hits)).toBeGreaterThan(moments * 0.7);
  expect(Math.abs(diskBytes(folder) - before)).toBeLessThan(mebibyte);
}

function start(folder: StateFolder, url: string, id: string) {
  const { home, shared } = folder;
  const spec = { ...smallSpec(id), egress: { kind: "packages", alsoNames: [] } };
  const codeRoot = process.env.COLONY_RUNTIME;
  const plan = JSON.stringify({ home, shared, url, codeRoot, spec });
  const entry = join(import.meta.dirname, "life-driver.ts");
  return spawn(process.execPath, [entry, plan], { detached: true, stdio: "ignore" });
}

async function live(folder: StateFolder, url: string, id: string): Promise<number> {
  const began = performance.now();
  const child = start(folder, url, id);
  await once(child, "exit");
  expect(child.exitCode).toBe(0);
  return performance.now() - began;
}

/** Answers whether there was anybody to hit; afterwards the driver is gone. */
async function killAt(
  folder: StateFolder,
  url: string,
  { id, victim, afterMs }: { id: string; victim: Victim; afterMs: number },
): Promise<boolean> {
  const child = start(folder, url, id);
  const ended = once(child, "exit");
  const isOver = () => child.exitCode !== null || child.signalCode !== null;
  await Promise.race([sleep(afterMs), ended]);
  let hit = strike(folder, id, victim, child.pid ?? 0);
  // Runtimes are there for some milliseconds: the next one is meant.
  while (!hit && !isOver()) {
    await sleep(1);
    hit = strike(folder, id, victim, child.pid ?? 0);
  }
  await ended;
  return hit;
}

function strike(folder: StateFolder, id: string, victim: Victim, driver: number): boolean {
  const layout = readCgroupLayout();
  const inKeeper = () => groupProcesses(layout, keeperGroup(folder, id));
  switch (victim) {
    case "launcher":
      return kill(driver);
    case "supervisor":
      return killAll([...descendants(driver), driver]);
    case "keeper":
      return killAll(inKeeper().filter((pid) => commandLine(pid).includes("keeper-main")));
    case "runtime": {
      const { runtimeState } = sandboxPaths(folder, id);
      return killAll(allPids().filter((pid) => commandLine(pid).includes(runtimeState)));
    }
    case "everything": {
      const inBox = groupProcesses(layout, boxGroup(folder, id));
      return killAll([...descendants(driver), driver, ...inKeeper(), ...inBox]);
    }
  }
}

async function expectNothing(folder: StateFolder, id: string, how: string): Promise<void> {
  const claim = readUidRanges(folder).find((one) => one.home === folder.home && one.id === id);
  const { failures } = await sweepAll(folder);
  expect(failures, how).toEqual([]);
  expect(readRemains(folder, id, claim?.base), how).toEqual({
    ...{ processes: [], mounts: [], cgroups: [], holders: [] },
  });
  await expect.poll(() => onDisk(folder, id), { message: how, timeout: 60_000 }).toEqual([]);
  const again = await sweepLeftovers(folder, { dryRun: true, ownerOf: allGone });
  expect(
    again.found.filter(({ name }) => isOf(folder, name)),
    how,
  ).toEqual([]);
}

/** What only this test's home can have: other tests of the host leave their own. */
function isOf(folder: StateFolder, name: string): boolean {
  return !name.startsWith("/") || name.startsWith(`${folder.home}/`);
}

/** Every task is over, and nothing of it is wanted. */
const allGone = async () => ({ kind: "gone", why: "the test is over" }) as const;

function sweepAll(folder: StateFolder) {
  return sweepLeftovers(folder, { ownerOf: allGone });
}

function onDisk(folder: StateFolder, id: string): string[] {
  const [key = ""] = readdirSync(folder.repositories);
  const repository = join(folder.repositories, key);
  const fixed = [
    sandboxPaths(folder, id).private,
    sandboxPaths(folder, id).run,
    join(repository, "workspaces", id),
  ].filter((path) => existsSync(path));
  const loose = [folder.sandboxes, repository, join(repository, "workspaces")].flatMap((path) =>
    readdirSync(path).filter((name) => /^view-|\.doomed-|^\.gone-/.test(name)),
  );
  const claims = readUidRanges(folder).filter((one) => one.home === folder.home && one.id === id);
  const making = readdirSync(join(repository, "jj", "making"));
  return [...fixed, ...loose, ...making, ...claims.map(({ base }) => String(base))];
}

/** All but jj's store, whose log of operations grows with each command. */
function diskBytes(folder: StateFolder): number {
  const argv = ["--summarize", "--block-size=1", "--exclude=store", folder.home];
  return Number.parseInt(execFileSync("du", argv, { encoding: "utf8" }), 10);
}

function descendants(root: number): number[] {
  const parents = new Map(allPids().map((pid) => [pid, parentOf(pid)]));
  const members = new Set([root]);
  for (let grown = true; grown; ) {
    grown = false;
    for (const [pid, parent] of parents) {
      if (members.has(pid) || !members.has(parent)) continue;
      members.add(pid);
      grown = true;
    }
  }
  members.delete(root);
  return [...members];
}

function allPids(): number[] {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .map(Number);
}

function parentOf(pid: number): number {
  return Number(/^PPid:\t(\d+)$/m.exec(readProc(pid, "status"))?.[1] ?? 0);
}

function commandLine(pid: number): string {
  return readProc(pid, "cmdline").replaceAll("\0", " ");
}

function readProc(pid: number, file: string): string {
  try {
    return readFileSync(`/proc/${pid}/${file}`, "utf8");
  } catch {
    return "";
  }
}

function killAll(pids: readonly number[]): boolean {
  return pids.map(kill).includes(true);
}

function kill(pid: number): boolean {
  try {
    process.kill(pid, "SIGKILL");
    return true;
  } catch {
    return false;
  }
}

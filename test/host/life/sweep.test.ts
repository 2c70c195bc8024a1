import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { afterAll, afterEach, expect, test } from "vitest";
import {
  groupFolders,
  killGroup,
  makeGroup,
  readCgroupLayout,
  removeGroup,
} from "../../../sandbox/cgroups/cgroup.ts";
import { installationGroup } from "../../../sandbox/cgroups/names.ts";
import { installationLabel, sandboxPaths } from "../../../sandbox/keeper-paths.ts";
import { readRemains } from "../../../sandbox/receipt.ts";
import { adoptSandbox, openSandbox, sweepLeftovers } from "../../../sandbox/sandbox.ts";
import { readUidRanges } from "../../../sandbox/uid-range.ts";
import { makeSandboxHome, openForTest, shell, smallSpec } from "../sandbox-fixture.ts";

const folder = makeSandboxHome();
afterAll(() => folder[Symbol.asyncDispose]());

const undo: (() => void | Promise<void>)[] = [];
afterEach(async () => {
  for (const act of undo.splice(0).reverse()) await act();
});

/** A cgroup with a process, as a foreign program could have made it. */
function plantGroup(name: string): number {
  const layout = readCgroupLayout();
  makeGroup(layout, name);
  const { pid = 0 } = spawn("sleep", ["1000"], { detached: true, stdio: "ignore" });
  for (const path of groupFolders(layout, name)) {
    writeFileSync(join(path, "cgroup.procs"), String(pid));
  }
  undo.push(async () => {
    await killGroup(layout, name);
    await removeGroup(layout, name);
    await removeGroup(layout, dirname(name));
  });
  return pid;
}

test("look-alikes survive: foreign cgroups, claims, folders and processes", async () => {
  const foreignLabel = "colony-0123456789";
  const first = plantGroup(`${foreignLabel}/box-one`);
  const second = plantGroup(`${foreignLabel}/keeper-one`);
  // Of our name, and not the name of a sandbox.
  const third = plantGroup(`${installationGroup(folder)}/box-Not_An_Id`);
  const claim = join(folder.shared, "uid-ranges", "2000000000");
  mkdirSync(join(folder.shared, "uid-ranges"), { recursive: true, mode: 0o700 });
  writeFileSync(claim, `${folder.home}-of-another\nx`);
  mkdirSync(`${folder.home}-of-another`);
  undo.push(() => rmSync(`${folder.home}-of-another`, { recursive: true }));
  undo.push(() => rmSync(claim, { force: true }));
  for (const path of [folder.sandboxes, folder.repositories]) {
    mkdirSync(join(path, "Not_An_Id"), { recursive: true });
  }
  await using sandbox = await openForTest(folder, smallSpec("alive"));

  const { found, living } = await sweepLeftovers(folder);
  // Other tests of this host may have left something of their own to find.
  const ours = found.filter(({ name }) => /Not_An_Id|box-|keeper-|one|2000000000/.test(name));
  expect({ ours, living }).toEqual({ ours: [], living: ["alive"] });
  expect((await shell(sandbox, "echo here")).text).toBe("here");
  for (const pid of [first, second, third]) expect(isAlive(pid)).toBe(true);
  expect(readFileSync(claim, "utf8")).toContain("-of-another");
  expect(existsSync(join(folder.sandboxes, "Not_An_Id"))).toBe(true);
});

test("a dry run says what would go and why, and touches nothing", async () => {
  const sandbox = await openSandbox(folder, smallSpec("dry"), { withNetwork: false });
  process.kill(sandbox.keeperPid, "SIGKILL");
  await sandbox.gone();
  const doomed = join(folder.sandboxes, ".gone-old-1-1");
  mkdirSync(doomed, { recursive: true });
  const before = readRemains(folder, "dry", sandbox.uidBase);
  const dry = await sweepLeftovers(folder, { dryRun: true });
  expect(dry.found.slice(0, 1)).toEqual([
    {
      kind: "sandbox",
      name: "dry",
      why: expect.stringMatching(
        /^its keeper is dead; it has [1-9]\d* process(es)?, \d+ mounts?, /,
      ),
    },
  ]);
  const folderFound = { kind: "folder", name: doomed, why: "its removal was cut short" };
  expect(dry.found).toContainEqual(folderFound);
  expect(dry.ended).toEqual([]);
  expect(readRemains(folder, "dry", sandbox.uidBase).processes).toEqual(before.processes);
  expect(existsSync(doomed)).toBe(true);

  const wet = await sweepLeftovers(folder);
  expect(wet.found[0]?.name).toBe("dry");
  expect(wet.ended[0]?.receipt).toMatchObject({ processes: 0, mounts: 0, cgroups: 0 });
  expect(existsSync(doomed)).toBe(false);
  const after = await sweepLeftovers(folder, { dryRun: true });
  expect(after.found.filter(({ name }) => name === "dry" || name === doomed)).toEqual([]);
});

test("a sandbox whose state folder was deleted is found from another one, and ended", async () => {
  const gone = makeSandboxHome();
  const sandbox = await openSandbox(gone, smallSpec("homeless"), { withNetwork: false });
  const { uidBase } = sandbox;
  await sandbox.start({ name: "long", argv: ["sleep", "1000"], env: {}, cwd: "/" });
  // A keeper that lives would end it.
  process.kill(sandbox.keeperPid, "SIGKILL");
  await sandbox.gone();
  rmSync(gone.home, { recursive: true, force: true });

  const dry = await sweepLeftovers(folder, { dryRun: true });
  expect(dry.found).toContainEqual({
    kind: "sandbox",
    name: `${gone.home}: homeless`,
    why: "its state folder was deleted while it ran",
  });
  expect(readRemains(gone, "homeless", uidBase).processes.length).toBeGreaterThan(0);
  await sweepLeftovers(folder);
  expect(readRemains(gone, "homeless", uidBase)).toEqual({
    processes: [],
    mounts: [],
    cgroups: [],
    holders: [],
  });
  expect(readUidRanges(folder).filter(({ home }) => home === gone.home)).toEqual([]);
  expect(existsSync(`/run/colony/installations/${installationLabel(gone)}`)).toBe(false);
});

test("a keeper whose state folder was deleted ends its sandbox by itself", async () => {
  const gone = makeSandboxHome();
  const sandbox = await openSandbox(gone, smallSpec("alone"), { withNetwork: false });
  await sandbox.start({ name: "long", argv: ["sleep", "1000"], env: {}, cwd: "/" });
  rmSync(gone.home, { recursive: true, force: true });
  const left = () => readRemains(gone, "alone", sandbox.uidBase).processes;
  await expect.poll(left, { timeout: 60_000 }).toEqual([]);
  await sweepLeftovers(folder);
  expect(readRemains(gone, "alone", sandbox.uidBase).cgroups).toEqual([]);
});

test("a range whose installation was deleted is not given away while something runs under it", async () => {
  const gone = makeSandboxHome();
  const sandbox = await openSandbox(gone, smallSpec("squatter"), { withNetwork: false });
  process.kill(sandbox.keeperPid, "SIGKILL");
  await sandbox.gone();
  // The range that the next sandbox would take first.
  const digest = createHash("sha256").update(`${folder.home}\nother`).digest();
  const base = 0x7000_0000 + (digest.readUInt32BE(0) % 0x0fff) * 65_536;
  const claim = join(folder.shared, "uid-ranges", String(base));
  writeFileSync(claim, `${gone.home}\nsquatter`);
  rmSync(gone.home, { recursive: true, force: true });
  await using other = await openForTest(folder, smallSpec("other"));
  expect(other.uidBase).not.toBe(base);
  expect(other.uidBase).not.toBe(sandbox.uidBase);
  expect(readFileSync(claim, "utf8")).toContain("squatter");
  await sweepLeftovers(folder);
  expect(existsSync(claim)).toBe(false);
});

test("who knows the tasks says what may live: without an owner sandbox and files go", async () => {
  await using kept = await openForTest(folder, smallSpec("kept"));
  await using unwanted = await openForTest(folder, smallSpec("unwanted"));
  await using gone = await openForTest(folder, smallSpec("gone"));
  const { living, found } = await sweepLeftovers(folder, {
    ownerOf: async (id) => {
      if (id === "unwanted") return { kind: "no-sandbox", why: "its task is stopped" };
      if (id === "gone") return { kind: "gone", why: "its task was merged" };
      return { kind: "kept" };
    },
  });
  expect(living).toEqual(["kept"]);
  const sandboxes = found.slice(0, 2);
  expect(sandboxes.map(({ name, why }) => `${name}: ${why.split(";")[0]}`)).toEqual([
    "gone: its task was merged",
    "unwanted: its task is stopped",
  ]);
  expect(await adoptSandbox(folder, "unwanted")).toBeUndefined();
  expect(existsSync(sandboxPaths(folder, "unwanted").private)).toBe(true);
  expect(existsSync(sandboxPaths(folder, "gone").private)).toBe(false);
  expect(readUidRanges(folder).map(({ base }) => base)).not.toContain(gone.uidBase);
  expect((await shell(kept, "echo here")).text).toBe("here");
  await unwanted.gone();
});

test("an image that a dead process was making, and a claim that nobody stands behind, go", async () => {
  const unmade = join(folder.images, ".new-0123456789abcdef-4194303");
  const beingMade = join(folder.images, `.new-0123456789abcdef-${process.pid}`);
  for (const path of [unmade, beingMade]) {
    mkdirSync(path, { recursive: true });
    undo.push(() => rmSync(path, { recursive: true, force: true }));
  }
  const claim = join(folder.shared, "uid-ranges", "1999962112");
  writeFileSync(claim, `${folder.home}\nnobody`);
  undo.push(() => rmSync(claim, { force: true }));
  await sweepLeftovers(folder);
  expect(existsSync(unmade)).toBe(false);
  expect(existsSync(beingMade)).toBe(true);
  expect(existsSync(claim)).toBe(false);
});

function isAlive(pid: number): boolean {
  return existsSync(`/proc/${pid}`);
}

import { execFileSync, spawn } from "node:child_process";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { installationGroup } from "../../sandbox/cgroups/names.ts";
import { readRemains } from "../../sandbox/receipt.ts";
import { adoptSandbox, forgetSandbox, openSandbox, sweepLeftovers } from "../../sandbox/sandbox.ts";
import { makeSandboxHome, openForTest, shell, smallSpec } from "./sandbox-fixture.ts";

const folder = makeSandboxHome();
afterAll(() => folder[Symbol.asyncDispose]());

const nothingLeft = { processes: 0, mounts: 0, cgroups: 0 };

function remains(id: string, uidBase: number) {
  const found = readRemains(folder, id, uidBase);
  return {
    processes: found.processes.length,
    mounts: found.mounts.length,
    cgroups: found.cgroups.length,
  };
}

test("the receipt counts what the kernel has: much before, nothing after", async () => {
  await using sandbox = await openForTest(folder, smallSpec("receipt"));
  await shell(
    sandbox,
    "setsid sleep 1000 > /dev/null 2>&1 & nohup sleep 1000 > /dev/null 2>&1 & true",
  );
  const before = remains("receipt", sandbox.uidBase);
  expect(before.processes).toBeGreaterThanOrEqual(4);
  expect(before.mounts).toBeGreaterThan(0);
  expect(before.cgroups).toBeGreaterThan(1);
  expect(await sandbox.close()).toMatchObject(nothingLeft);
  expect(remains("receipt", sandbox.uidBase)).toEqual(nothingLeft);
  await expect(sandbox.gone()).resolves.toBeUndefined();
});

test("a process that ends with its sandbox has its exit on record", async () => {
  await using sandbox = await openForTest(folder, smallSpec("record"));
  const argv = ["sh", "-c", "echo up; sleep 1000"];
  const process = await sandbox.start({ name: "long", argv, env: {}, cwd: "/" });
  const terminal = { columns: 80, rows: 24 };
  const second = await sandbox.start({ name: "tty", argv, env: {}, cwd: "/", terminal });
  for await (const { bytes } of process.output(0)) if (String(bytes).includes("up")) break;
  await sandbox.close();
  expect((await process.exited()).signal).toBe("SIGKILL");
  expect((await second.exited()).exitCode).not.toBe(0);
});

test("kill -9 of the keeper: handles say so, a sweep leaves nothing, files stay", async () => {
  const sandbox = await openSandbox(folder, smallSpec("lost"), { withNetwork: false });
  await shell(sandbox, "echo kept > /root/kept; setsid sleep 1000 > /dev/null 2>&1 &");
  const held = await sandbox.start({ name: "held", argv: ["sleep", "1000"], env: {}, cwd: "/" });
  process.kill(sandbox.keeperPid, "SIGKILL");
  await expect(held.exited()).rejects.toMatchObject({ name: "KeeperLostError" });
  await sandbox.gone();
  expect(await adoptSandbox(folder, "lost")).toBeUndefined();
  expect(remains("lost", sandbox.uidBase).processes).toBeGreaterThan(0);
  const { ended } = await sweepLeftovers(folder);
  expect(ended.map(({ id }) => id)).toEqual(["lost"]);
  expect(ended[0]?.receipt).toMatchObject(nothingLeft);
  expect((await sweepLeftovers(folder)).ended).toEqual([]);

  await using again = await openForTest(folder, smallSpec("lost"));
  expect(again.uidBase).toBe(sandbox.uidBase);
  expect((await shell(again, "cat /root/kept")).text).toBe("kept");
  expect((await (await again.process("held"))?.exited())?.exitCode).toBeNull();
});

test("a sweep leaves the living and the foreign alone", async () => {
  await using elsewhere = makeSandboxHome();
  await using mine = await openForTest(folder, smallSpec("alive"));
  const theirs = await openSandbox(elsewhere, smallSpec("alive"), { withNetwork: false });
  process.kill(theirs.keeperPid, "SIGKILL");
  await theirs.gone();
  const { ended, living } = await sweepLeftovers(folder);
  expect(ended).toEqual([]);
  expect(living).toEqual(["alive"]);
  expect((await shell(mine, "echo here")).text).toBe("here");
  expect(readRemains(elsewhere, "alive", theirs.uidBase).processes.length).toBeGreaterThan(0);
  expect(theirs.uidBase).not.toBe(mine.uidBase);
});

test("the keeper outlives the one who opened it", async () => {
  const script = `
    const { openSandbox } = await import(${JSON.stringify(join(import.meta.dirname, "../../sandbox/sandbox.ts"))});
    await openSandbox(${JSON.stringify(folder)}, ${JSON.stringify(smallSpec("orphan"))}, { withNetwork: false });
    console.log("open");
    setInterval(() => {}, 1000);`;
  const opener = spawn(process.execPath, ["--input-type=module", "-e", script], { detached: true });
  await new Promise((resolve) => opener.stdout.once("data", resolve));
  process.kill(-(opener.pid ?? 0), "SIGKILL");
  const adopted = await adoptSandbox(folder, "orphan");
  if (adopted === undefined) throw new Error("the keeper died with its opener");
  expect((await shell(adopted, "echo here")).text).toBe("here");
  expect(await adopted.close()).toMatchObject(nothingLeft);
  await forgetSandbox(folder, "orphan");
});

test("frozen, nothing moves; thawed, or without the one who froze it, it does", async () => {
  await using sandbox = await openForTest(folder, smallSpec("frozen"));
  const loop = "while :; do echo x; sleep 0.01; done";
  const process = await sandbox.start({
    name: "loop",
    argv: ["sh", "-c", loop],
    env: {},
    cwd: "/",
  });
  const size = () => readFileSync(process.spoolPath).length;
  await expect.poll(size).toBeGreaterThan(0);
  await sandbox.whileFrozen(async () => {
    await new Promise((resolve) => setTimeout(resolve, 100));
    const before = size();
    await new Promise((resolve) => setTimeout(resolve, 300));
    expect(size()).toBe(before);
  });
  const after = size();
  await expect.poll(size).toBeGreaterThan(after);

  const other = await adoptSandbox(folder, "frozen");
  void other?.whileFrozen(() => new Promise(() => undefined)).catch(() => undefined);
  await new Promise((resolve) => setTimeout(resolve, 200));
  await other?.[Symbol.asyncDispose]();
  const stuck = size();
  await expect.poll(size).toBeGreaterThan(stuck);
});

test("opening twice is refused; forgetting removes files, uid range and every cgroup", async () => {
  const sandbox = await openSandbox(folder, smallSpec("twice"), { withNetwork: false });
  const second = openSandbox(folder, smallSpec("twice"), { withNetwork: false });
  await expect(second).rejects.toMatchObject({ name: "SandboxExistsError" });
  await shell(sandbox, "head -c 3M /dev/urandom > /root/three");
  await sandbox.close();
  expect(await forgetSandbox(folder, "twice")).toBeGreaterThan(3_000_000);
  expect(existsSync(join(folder.sandboxes, "twice"))).toBe(false);
  expect(existsSync(join(folder.shared, "uid-ranges", String(sandbox.uidBase)))).toBe(false);
  const find = ["/sys/fs/cgroup", "-name", `*-twice`, "-path", `*${installationGroup(folder)}*`];
  expect(execFileSync("find", find, { encoding: "utf8" })).toBe("");
});

test("a bad spec is refused before anything is made", async () => {
  const bad = openSandbox(folder, { ...smallSpec("ok"), id: "../x" }, { withNetwork: false });
  await expect(bad).rejects.toMatchObject({ name: "BadSpecError" });
  const missing = smallSpec("nofolder", {
    workspace: { kind: "folder", path: "/nonexistent/folder", ownerUid: 0, ownerGid: 0 },
  });
  const failed = openSandbox(folder, missing, { withNetwork: false });
  await expect(failed).rejects.toMatchObject({ name: "SandboxStartError", step: "mounting" });
  const unbound = smallSpec("nofolder", {
    binds: [{ source: "/nonexistent/x", target: "/opt/x" }],
  });
  await expect(openSandbox(folder, unbound, { withNetwork: false })).rejects.toMatchObject({
    name: "SandboxStartError",
    step: "starting the runtime",
    message: expect.stringContaining("/nonexistent/x"),
  });
  await forgetSandbox(folder, "nofolder");
  expect(readdirSync(folder.run)).not.toContain("nofolder");
});

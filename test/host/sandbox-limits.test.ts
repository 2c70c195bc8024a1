import { readFileSync, statfsSync } from "node:fs";
import { afterAll, expect, test } from "vitest";
import { makeSandboxHome, mebibyte, openForTest, shell, smallSpec } from "./sandbox-fixture.ts";

const folder = makeSandboxHome();
afterAll(() => folder[Symbol.asyncDispose]());

const limits = smallSpec("any").limits;

test("memory: what takes too much is killed and told, the sandbox lives on", async () => {
  const spec = smallSpec("mem", { limits: { ...limits, memoryBytes: 96 * mebibyte } });
  await using sandbox = await openForTest(folder, spec);
  const options = { timeoutMs: 60_000, maxOutputBytes: 10_000 };
  const greedy = await sandbox.exec(["python3", "-c", "bytearray(300 * 1024 * 1024)"], options);
  expect(greedy).toMatchObject({ exitCode: 137, signal: "SIGKILL", outOfMemory: true });
  const process = await sandbox.start({
    name: "greedy",
    argv: ["python3", "-c", "bytearray(300 * 1024 * 1024)"],
    env: {},
    cwd: "/",
  });
  expect((await process.exited()).outOfMemory).toBe(true);
  const modest = await sandbox.exec(["sh", "-c", "exit 3"], options);
  expect(modest).toMatchObject({ exitCode: 3, outOfMemory: false });
});

test("pids: a fork bomb stays within its number, and is killed", async () => {
  const spec = smallSpec("bomb", { limits: { ...limits, pids: 40 } });
  await using sandbox = await openForTest(folder, spec);
  const bomb = await sandbox.start({
    name: "bomb",
    argv: ["bash", "-c", "f() { f | f & }; f; sleep 1000"],
    env: {},
    cwd: "/",
  });
  await expect.poll(() => forkErrors(bomb.spoolPath), { timeout: 30_000 }).toBeGreaterThan(0);
  const receipt = await sandbox.close();
  expect(receipt).toMatchObject({ processes: 0, mounts: 0, cgroups: 0 });
});

test("open files and core size", async () => {
  const spec = smallSpec("files", { limits: { ...limits, openFiles: 99 } });
  await using sandbox = await openForTest(folder, spec);
  expect((await shell(sandbox, "ulimit -n; ulimit -Hn; ulimit -c")).text).toBe("99\n99\n0");
});

test("disk: who writes more than the limit is stopped, and the disk comes back", async () => {
  const before = freeBytes();
  const spec = smallSpec("disk", { limits: { ...limits, diskBytes: 64 * mebibyte } });
  await using sandbox = await openForTest(folder, spec);
  expect((await shell(sandbox, "ulimit -f")).text).toBe(String((64 * mebibyte) / 512));
  expect((await shell(sandbox, "fallocate -l 60M /tmp/quick")).code).not.toBe(0);
  const writer = await sandbox.start({
    name: "writer",
    argv: [
      "sh",
      "-c",
      "i=0; while :; do i=$((i+1)); head -c 8M /dev/zero > /tmp/f$i; sleep 0.05; done",
    ],
    env: {},
    cwd: "/",
  });
  expect(await writer.exited()).toMatchObject({ signal: "SIGKILL", diskFull: true });
  await sandbox.gone();
  await sandbox[Symbol.asyncDispose]();
  expect(before - freeBytes()).toBeLessThan(1024 * mebibyte);
});

function freeBytes(): number {
  const found = statfsSync(folder.home);
  return found.bfree * found.bsize;
}

function forkErrors(spoolPath: string): number {
  return readFileSync(spoolPath.replace(/\.out$/, ".err"), "utf8").split("fork").length - 1;
}

import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { toolPath } from "../../sandbox/host-environment.ts";
import { keepWarmKeeper } from "../../sandbox/sandbox.ts";
import { makeSandboxHome, openForTest, shell, smallSpec } from "./sandbox-fixture.ts";

const folder = makeSandboxHome();
afterAll(() => folder[Symbol.asyncDispose]());

test("a guarantee that is demanded and lacking: nothing is made, the sentence says what", async () => {
  const options = { withNetwork: false, minimum: ["memory", "disk-quota"] };
  await expect(openForTest(folder, smallSpec("demand"), options)).rejects.toMatchObject({
    kind: "host",
    message: expect.stringMatching(/minimum.*`disk-quota`: disk use is watched/),
  });
  expect(existsSync(join(folder.sandboxes, "demand"))).toBe(false);
  const modest = { withNetwork: false, minimum: ["namespaces", "seccomp"] };
  await using sandbox = await openForTest(folder, smallSpec("demand"), modest);
  expect((await shell(sandbox, "echo here")).text).toBe("here");
});

test("a runtime that is not there is said by its name", async () => {
  const options = { withNetwork: false, runtime: "nosuchrun" };
  await expect(openForTest(folder, smallSpec("absent"), options)).rejects.toThrow(/nosuchrun/);
});

describe.runIf(existsSync(toolPath(folder, "runc")))("runc", () => {
  const options = { withNetwork: false, runtime: "runc" };

  test("pipes, a terminal, a kill and the receipt are as with crun", async () => {
    await using sandbox = await openForTest(folder, smallSpec("runc"), options);
    const cat = await sandbox.start({ name: "cat", argv: ["cat"], env: {}, cwd: "/" });
    await cat.write("hello\n");
    await cat.closeInput();
    expect(await cat.exited()).toMatchObject({ exitCode: 0 });
    expect((await sandbox.exec(["sh", "-c", "exit 7"], limits)).exitCode).toBe(7);

    const terminal = await sandbox.start({
      name: "terminal",
      argv: ["sh", "-c", "test -t 0 && stty size && cat /proc/self/oom_score_adj"],
      env: {},
      cwd: "/",
      terminal: { columns: 91, rows: 17 },
    });
    expect(await terminal.exited()).toMatchObject({ exitCode: 0 });
    const said: Buffer[] = [];
    for await (const { bytes } of terminal.output(0)) said.push(bytes);
    expect(Buffer.concat(said).toString()).toBe("17 91\r\n500\r\n");

    const sleeper = await sandbox.start({ name: "s", argv: ["sleep", "60"], env: {}, cwd: "/" });
    await sleeper.kill("SIGKILL");
    expect(await sleeper.exited()).toMatchObject({ signal: "SIGKILL" });
    expect(await sandbox.close()).toMatchObject({ processes: 0, mounts: 0, cgroups: 0 });
  });

  test("a warm keeper starts it, and a workspace that comes later is seen", async () => {
    using _ = keepWarmKeeper(folder);
    const files = join(folder.home, "project");
    mkdirSync(join(files, ".jj"), { recursive: true });
    writeFileSync(join(files, "a.txt"), "a\n");
    await expect.poll(warmKeepers, { timeout: 60_000 }).toBe(1);
    const spec = smallSpec("runc-warm", { workspaceLater: true });
    await using sandbox = await openForTest(folder, spec, options);
    const jjFolder = join(files, ".jj");
    await sandbox.attachWorkspace({
      ...{ kind: "folder", path: files, ownerUid: 0, ownerGid: 0, jjFolder },
    });
    expect((await shell(sandbox, "cat /workspace/a.txt")).text).toBe("a");
    expect((await shell(sandbox, "rmdir /workspace/.jj")).code).not.toBe(0);
  });

  test("the memory limit kills and tells", async () => {
    const spec = smallSpec("runc-mem");
    const small = { ...spec, limits: { ...spec.limits, memoryBytes: 96 * 1024 ** 2 } };
    await using sandbox = await openForTest(folder, small, options);
    const argv = ["python3", "-c", "bytearray(300 * 1024 * 1024)"];
    expect(await sandbox.exec(argv, limits)).toMatchObject({ exitCode: 137, outOfMemory: true });
    expect((await shell(sandbox, "echo alive")).text).toBe("alive");
  });
});

/** Those that wait for their first sandbox, with everything loaded. */
function warmKeepers(): number {
  const waiting = readdirSync("/proc").filter((pid) => {
    try {
      const words = readFileSync(`/proc/${pid}/cmdline`, "utf8").split("\0");
      return words.includes("--warm") && words.includes(folder.home);
    } catch {
      return false;
    }
  });
  return waiting.length;
}

const limits = { timeoutMs: 60_000, maxOutputBytes: 10_000 };

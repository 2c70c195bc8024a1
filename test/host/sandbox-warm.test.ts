import { spawn } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { adoptSandbox, forgetSandbox } from "../../sandbox/sandbox.ts";
import { makeSandboxHome, shell, smallSpec } from "./sandbox-fixture.ts";

const folder = makeSandboxHome();
afterAll(() => folder[Symbol.asyncDispose]());

/** A process that keeps a keeper warm, and opens a sandbox when it is told to. */
function startOpener() {
  const script = `
    const { keepWarmKeeper, openSandbox } = await import(${JSON.stringify(join(import.meta.dirname, "../../sandbox/sandbox.ts"))});
    const folder = ${JSON.stringify(folder)};
    keepWarmKeeper(folder);
    process.stdin.on("data", async () => {
      const sandbox = await openSandbox(folder, ${JSON.stringify(smallSpec("warm"))}, { withNetwork: false });
      console.log(sandbox.keeperPid);
    });`;
  return spawn(process.execPath, ["--input-type=module", "-e", script], {
    stdio: ["pipe", "pipe", "inherit"],
  });
}

/** Warm keepers whose launcher has this pid. */
function warmKeepers(parent: number | undefined): number[] {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .filter((pid) => {
      try {
        const isKeeper = readFileSync(`/proc/${pid}/cmdline`, "utf8").includes("keeper-main");
        const status = readFileSync(`/proc/${pid}/status`, "utf8");
        return isKeeper && status.includes(`\nPPid:\t${parent}\n`) && !status.includes("State:\tZ");
      } catch {
        return false;
      }
    })
    .map(Number);
}

function isAlive(pid: number): boolean {
  try {
    return !readFileSync(`/proc/${pid}/status`, "utf8").includes("State:\tZ");
  } catch {
    return false;
  }
}

test("a warm keeper becomes the sandbox's, and outlives its launcher only then", async () => {
  const opener = startOpener();
  await expect.poll(() => warmKeepers(opener.pid).length, { timeout: 20_000 }).toBe(1);
  const [first] = warmKeepers(opener.pid);
  opener.stdin.write("open\n");
  const said = await new Promise<string>((resolve) => {
    opener.stdout.once("data", (bytes) => resolve(String(bytes)));
  });
  expect(Number(said)).toBe(first);

  await expect
    .poll(() => warmKeepers(opener.pid).filter((pid) => pid !== first).length, { timeout: 20_000 })
    .toBe(1);
  const [second = 0] = warmKeepers(opener.pid).filter((pid) => pid !== first);
  opener.kill("SIGKILL");
  await expect.poll(() => isAlive(second), { timeout: 20_000 }).toBe(false);

  const adopted = await adoptSandbox(folder, "warm");
  if (adopted === undefined) throw new Error("the keeper died with its launcher");
  expect((await shell(adopted, "echo here")).text).toBe("here");
  expect(await adopted.close()).toMatchObject({ processes: 0, mounts: 0, cgroups: 0 });
  await forgetSandbox(folder, "warm");
});

import { execFileSync } from "node:child_process";
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { groupProcesses, readCgroupLayout } from "../../../sandbox/cgroups/cgroup.ts";
import { boxGroup } from "../../../sandbox/cgroups/names.ts";
import {
  endSandbox,
  forgetSandbox,
  openSandbox,
  sweepLeftovers,
} from "../../../sandbox/sandbox.ts";
import { openStore } from "../../../sandbox/workspace.ts";
import { makeSandboxHome, mebibyte, openForTest, shell, smallSpec } from "../sandbox-fixture.ts";
import { caller, makeRepository } from "../workspace-fixture.ts";

const folder = makeSandboxHome();
afterAll(() => folder[Symbol.asyncDispose]());

const large = 500 * mebibyte;
const limits = { ...smallSpec("any").limits, pids: 1_000, diskBytes: 4 * 1024 * mebibyte };

test("500 processes that ignore SIGTERM and fork on are gone at once", async () => {
  await using sandbox = await openForTest(folder, smallSpec("bomb", { limits }));
  const grow =
    "trap '' TERM INT HUP; i=0; while [ $i -lt 500 ]; do i=$((i+1)); sh -c \"trap '' TERM; while :; do sleep 1000 & wait; done\" & done; wait";
  await sandbox.start({ name: "bomb", argv: ["sh", "-c", grow], env: {}, cwd: "/" });
  const count = () => groupProcesses(readCgroupLayout(), boxGroup(folder, "bomb")).length;
  await expect.poll(count, { timeout: 60_000 }).toBeGreaterThan(500);
  const receipt = await endSandbox(folder, "bomb");
  expect(receipt).toMatchObject({ processes: 0, mounts: 0, cgroups: 0 });
});

test("a large upper is out of the way when it is forgotten, counted, and removed meanwhile", async () => {
  const url = makeRepository(folder, { "a.txt": "one\n" });
  const store = await openStore({ folder, url, caller });
  const workspace = await store.openWorkspace("large", (await store.fetch()).commit);
  const spec = smallSpec("large", { workspace, limits });
  const sandbox = await openSandbox(folder, spec, { withNetwork: false });
  // Many files, for a removal that takes longer than a rename; half of them in the workspace.
  const fill = (path: string) =>
    shell(
      sandbox,
      `mkdir ${path} && cd ${path} && for i in $(seq 250); do head -c 1M /dev/urandom > f$i; done`,
    );
  await Promise.all([fill("/workspace/big"), fill("/root/big")]);
  await sandbox.close();
  const upper = join(store.key, "workspaces");
  const bytes =
    (await store.discardWorkspace("large", { isPatient: false })) +
    (await forgetSandbox(folder, "large", { isPatient: false }));
  expect(bytes).toBeGreaterThan(large);
  expect(bytes).toBeLessThan(large + 20 * mebibyte);
  expect(existsSync(join(folder.sandboxes, "large"))).toBe(false);
  expect(existsSync(join(folder.repositories, upper, "large"))).toBe(false);
  const left = () => [
    ...readdirSync(folder.sandboxes),
    ...readdirSync(join(folder.repositories, upper)),
  ];
  await expect.poll(left, { timeout: 60_000 }).toEqual([]);
});

test("nobody waits for the removal: where it stops half-way, a sweep removes the rest", async () => {
  const sandbox = await openSandbox(folder, smallSpec("stuck"), { withNetwork: false });
  await shell(sandbox, "echo one > /root/one");
  await sandbox.close();
  const inside = join("root", "upper", "root", "one");
  execFileSync("chattr", ["+i", join(folder.sandboxes, "stuck", inside)]);
  const gone = () => readdirSync(folder.sandboxes).filter((name) => name.startsWith(".gone-stuck"));
  try {
    expect(await forgetSandbox(folder, "stuck", { isPatient: false })).toBeGreaterThan(0);
    expect(existsSync(join(folder.sandboxes, "stuck"))).toBe(false);
    expect(gone()).toHaveLength(1);
    const swept = await sweepLeftovers(folder);
    expect(swept.failures.join()).toContain(".gone-stuck");
  } finally {
    for (const name of gone()) {
      execFileSync("chattr", ["-i", join(folder.sandboxes, name, inside)]);
    }
  }
  await sweepLeftovers(folder);
  expect(gone()).toEqual([]);
});

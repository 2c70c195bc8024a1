import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, rmdirSync } from "node:fs";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type StateFolder, stateFolder } from "../../../sandbox/state-folder.ts";
import { smallSpec } from "../sandbox-fixture.ts";
import { aStep, ask, makeGolden } from "./layers-fixture.ts";

let folder: StateFolder;

/** A state folder on a disk of 64 MB. */
beforeAll(() => {
  const parent = process.env.COLONY_TEST_HOME ?? "/var/lib/colony-test";
  mkdirSync(parent, { recursive: true, mode: 0o755 });
  const home = mkdtempSync(`${parent}/full-`);
  execFileSync("mount", ["-t", "tmpfs", "-o", "size=64m,mode=0755", "full", home]);
  folder = stateFolder(home, process.env.COLONY_SHARED ?? "/var/lib/colony/shared");
});
afterAll(() => {
  execFileSync("umount", [folder.home]);
  rmdirSync(folder.home);
});

test("a disk that is full is told as such, and nothing half made is left on it", async () => {
  const workspaceOf = await makeGolden(folder, { ".gitignore": "*.log\n" });
  const big = aStep({ command: "head -c 100M /dev/zero >/opt/big" });
  const full = ask(folder, "full", [big], workspaceOf("full"));
  await expect(full).rejects.toMatchObject({
    ...{ step: "setup", reason: "host-full" },
    output: expect.stringContaining("No space left on device"),
  });
  expect(readdirSync(folder.layers).filter((name) => !name.endsWith(".lock"))).toEqual([]);
  expect(readdirSync(folder.sandboxes)).toEqual([]);
  const small = await ask(
    folder,
    "fits",
    [aStep({ command: "echo >/opt/small" })],
    workspaceOf("fits"),
  );
  expect(small.done).toHaveLength(1);
});

test("a step beyond the sandbox's own bound is told apart", async () => {
  const workspaceOf = await makeGolden(folder, { ".gitignore": "*.log\n", b: "" });
  const { limits, egress, binds } = smallSpec("bound");
  const sandbox = { egress, binds, limits: { ...limits, diskBytes: 16 * 1024 ** 2 } };
  const command = "for i in 1 2 3 4; do head -c 9M /dev/zero >/opt/$i; done; sleep 5";
  const over = ask(folder, "bound", [aStep({ command })], workspaceOf("bound"), { sandbox });
  await expect(over).rejects.toMatchObject({
    reason: "sandbox-full",
  });
});

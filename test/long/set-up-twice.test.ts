import { execFile } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, expect, test } from "vitest";

const runFile = promisify(execFile);
const ROOT = join(import.meta.dirname, "../..");
// Beside the shared folder of the tests: it must be a file system that can map ids.
const shared = mkdtempSync(join(process.env.COLONY_SHARED ?? "/var/lib", "..", "set-up-test-"));
// A copy of the clone: the one we stand in may be edited while the test runs.
const clone = join(shared, "clone");
mkdirSync(clone);
for (const name of [
  "bot",
  "worker",
  "sandbox",
  "screenshots",
  "package.json",
  "package-lock.json",
]) {
  cpSync(join(ROOT, name), join(clone, name), { recursive: true });
}
symlinkSync(join(ROOT, "node_modules"), join(clone, "node_modules"));
afterAll(() => rmSync(shared, { recursive: true, force: true }));

function prepare() {
  return runFile("node", [join(clone, "worker/setup/prepare.mjs")], {
    env: { PATH: "/usr/sbin:/usr/bin:/sbin:/bin", HOME: shared, COLONY_SHARED: shared },
  });
}

test("two set-ups at once build everything once, and both end well", async () => {
  const both = await Promise.all([prepare(), prepare()]);
  const said = both.map(({ stderr }) => stderr).join("");
  expect(said.match(/fetching newer tools/g) ?? []).toHaveLength(
    said.includes("waiting for another set-up") ? 1 : 0,
  );
  expect(said.match(/copying the program/g)?.length).toBeGreaterThanOrEqual(1);
  expect(readdirSync(shared).filter((name) => name.startsWith("tools"))).toHaveLength(2);
  expect(
    readdirSync(join(shared, "runtime")).filter((name) => /^[0-9a-f]{16}$/.test(name)),
  ).toHaveLength(1);
  expect(both[0]?.stdout).toBe(both[1]?.stdout);
  for (const [program, word] of [
    ["jj", "jj 0."],
    ["git", "git version 2."],
    ["crun", "crun version 1."],
    ["mount", "util-linux 2."],
  ] as const) {
    const { stdout } = await runFile(join(shared, "tools/bin", program), ["--version"], {
      env: {},
    });
    expect(stdout).toContain(word);
  }
});

test("afterwards it has nothing to say", async () => {
  expect((await prepare()).stderr).toBe("");
});

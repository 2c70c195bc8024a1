import { execFileSync } from "node:child_process";
import { copyFileSync, mkdirSync, readdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { ensureImage } from "../../sandbox/image/image.ts";
import { stateFolder } from "../../sandbox/state-folder.ts";
import { makeSandboxHome, openForTest, shell, smallSpec } from "../host/sandbox-fixture.ts";

const home = makeSandboxHome();
/** Images of its own: the host's packages look as this test says. */
const folder = { ...stateFolder(home.home, home.shared), images: join(home.home, "images") };
const package_ = "/usr/local/lib/colony-upgrade-test";
afterAll(async () => {
  rmSync(package_, { recursive: true, force: true });
  // Two whole images: not by a call for each of their files.
  execFileSync("rm", ["-rf", folder.images]);
  await home[Symbol.asyncDispose]();
}, 600_000);

/** As dpkg does: a new file takes the old one's name. */
function unpack(name: string, text: string): void {
  mkdirSync(package_, { recursive: true });
  writeFileSync(join(package_, `${name}.dpkg-new`), text);
  renameSync(join(package_, `${name}.dpkg-new`), join(package_, name));
}

test("an upgrade of the host's packages makes a new image, and changes no live sandbox", async () => {
  const statusFile = join(home.home, "status");
  copyFileSync("/var/lib/dpkg/status", statusFile);
  const ensure = () => ensureImage(folder, { nodePath: process.execPath, statusFile });
  unpack("library", "one\n");
  unpack("dropped", "one\n");
  const before = await ensure();
  await using old = await openForTest(folder, smallSpec("old", { image: before.key }));
  expect((await ensure()).key).toBe(before.key);

  unpack("library", "two\n");
  unpack("added", "two\n");
  rmSync(join(package_, "dropped"));
  writeFileSync(statusFile, "Package: library\nVersion: 2\n", { flag: "a" });
  const after = await ensure();
  expect(after.key).not.toBe(before.key);
  const look = `cd ${package_} && grep -H . *`;
  expect((await shell(old, look)).text).toBe("dropped:one\nlibrary:one");
  await using fresh = await openForTest(folder, smallSpec("fresh", { image: after.key }));
  expect((await shell(fresh, look)).text).toBe("added:two\nlibrary:two");
  await old.close();
  // Also when it is opened again: its files fit no other image.
  await using again = await openForTest(folder, smallSpec("old"));
  expect((await shell(again, look)).text).toBe("dropped:one\nlibrary:one");
  expect(readdirSync(folder.images).sort()).toEqual([before.key, after.key].sort());
});

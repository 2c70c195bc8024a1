import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { openInstallation } from "../whole/installation.ts";
import { ask, openChannel } from "../whole/talk.ts";

/** A file system of its own as state folder: small, and filled by nobody else. */
function openSmallDisk(size: string): Disposable & { readonly home: string } {
  const parent = process.env.COLONY_TEST_HOME ?? "/var/lib/colony-test";
  mkdirSync(parent, { recursive: true, mode: 0o755 });
  const place = mkdtempSync(join(parent, "disk-"));
  const [file, top] = [join(place, "image"), join(place, "disk")];
  const home = join(top, "home");
  mkdirSync(top);
  execFileSync("truncate", ["--size", size, file]);
  execFileSync("mkfs.ext4", ["-q", file]);
  execFileSync("mount", ["-o", "loop", file, top]);
  mkdirSync(home);
  execFileSync("chmod", ["755", place, top, home]);
  return {
    home,
    [Symbol.dispose]() {
      execFileSync("umount", [top]);
      rmSync(place, { recursive: true, force: true });
    },
  };
}

test("the host's disk fills up: the sandbox is stopped, Colony goes on, and says what it needs", async () => {
  using disk = openSmallDisk("900M");
  const config = join(disk.home, "config.yml");
  writeFileSync(config, "reserve: 300M\n");
  await using colony = await openInstallation({
    home: disk.home,
    environment: { COLONY_CONFIG: config },
  });
  const visitor = await colony.visit();
  await openChannel(colony, "shop", { "a.txt": "one\n" });
  const greedy = await ask(
    colony,
    visitor,
    "shop",
    '/colony run --agent "echo kept > kept.txt; i=0; while :; do i=$((i+1)); head -c 4M /dev/urandom > /tmp/f$i; sleep 0.05; done" fill it',
  );
  await greedy.sees(/the disk of this host is nearly full.*`reserve` in config\.yml/);
  const task = await greedy.task();
  expect(task.state).toBe("failed");
  expect(task.change?.files.map(({ path }) => path)).toEqual(["kept.txt"]);

  const refused = await ask(colony, visitor, "shop", '/colony run --agent "true" be small');
  await refused.sees(/nearly full: [\d.]+M are free, and 300M are to stay free/);
  await greedy.presses("Discard");
  await greedy.sees(/Left over: 0 processes, 0 mounts, 0 cgroups/);
  const small = await ask(colony, visitor, "shop", '/colony run --agent "echo x > x.txt" be small');
  await small.sees(/x\.txt/);
}, 400_000);

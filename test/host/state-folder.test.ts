import { execFileSync } from "node:child_process";
import { chmodSync, mkdirSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { type Installation, openInstallation } from "../integration/cli/colony.ts";
import { makeRepository } from "./whole/repository.ts";

let colony: Installation;
let home: string;
beforeEach(async () => {
  colony = await openInstallation();
  home = join(colony.home, "mounted");
  chmodSync(colony.home, 0o755);
  mkdirSync(home);
});
afterEach(async () => {
  await expect.poll(() => colony.processes(), { timeout: 60_000 }).toEqual([]);
  execFileSync("umount", ["--lazy", home]);
  await colony[Symbol.asyncDispose]();
});

test("a file system that carries no overlay is told, and nothing is left on it", async () => {
  const layers = ["lower", "upper", "work"].map((name) => join(colony.home, name));
  for (const layer of layers) mkdirSync(layer);
  const [lower, upper, work] = layers;
  const options = `lowerdir=${lower},upperdir=${upper},workdir=${work}`;
  execFileSync("mount", ["-t", "overlay", "overlay", "-o", options, home]);
  const sentence = `The state folder ${home} lies on a file system that cannot carry an overlay; choose another with --home`;
  const box = await colony.run(["sandbox", "run", "--home", home, "--", "true"]);
  expect([box.code, box.stderr]).toEqual([3, expect.stringContaining(`colony: ${sentence}`)]);

  using repository = makeRepository({ "README.md": "A shop\n" });
  const words = ["--home", home, "--repo", repository.path, "--agent", "sh -c 'echo hi > x'", "Hi"];
  const run = await colony.run(["run", ...words]);
  expect(run, run.stderr).toMatchObject({ code: 1, stdout: expect.stringContaining(sentence) });
  const kept = readdirSync(join(home, "sandboxes")).filter((name) => name.startsWith("run-"));
  expect(kept).toEqual([]);

  const doctor = await colony.run(["doctor", "--home", home]);
  expect(doctor.stdout).toMatch(
    /✗ state folder .*cannot carry what sandboxes need: (?!.*dmesg).*mount/,
  );
  expect(doctor.stdout).toContain("→ set COLONY_HOME to a folder on ext4, xfs or btrfs");
}, 300_000);

test("a file system that is read-only is told, and nothing is started", async () => {
  execFileSync("mount", ["-t", "tmpfs", "-o", "ro", "tmpfs", home]);
  const env = { COLONY_HOME: home };
  const words = [["up"], ["run", "--repo", "/nowhere", "Hi"], ["ps"], ["sandbox", "run", "true"]];
  for (const args of words) {
    const { code, stderr } = await colony.run(args, { env });
    expect([code, stderr]).toEqual([
      3,
      expect.stringMatching(/state folder .* cannot be written \(EROFS\); choose another/),
    ]);
  }
  expect(colony.processes()).toEqual([]);
}, 120_000);

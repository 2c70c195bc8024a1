import { execFile } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect, test } from "vitest";

const runFile = promisify(execFile);
const ROOT = join(import.meta.dirname, "../..");

test("the packed program, installed by npm, starts without a clone and finds its parts", async () => {
  const folder = mkdtempSync(join(tmpdir(), "colony-pack-"));
  // The HOME of the tests: what `npm ci` downloaded is in its cache.
  const { COLONY_SHARED = "", HOME = folder } = process.env;
  // No node_modules/.bin before it: the host's own Node is what starts an installed program.
  const env = { PATH: "/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", HOME, COLONY_SHARED };
  try {
    await runFile("npm", ["pack", "--silent", "--pack-destination", folder], { cwd: ROOT, env });
    writeFileSync(join(folder, "package.json"), "{}");
    await runFile(
      "npm",
      ["install", "--no-audit", "--no-fund", "--loglevel=error", "./colony-0.1.0.tgz"],
      { cwd: folder, env },
    );
    const colony = (...args: string[]) =>
      runFile(join(folder, "node_modules/.bin/colony"), ["--home", join(folder, "home"), ...args], {
        cwd: "/",
        env,
      });
    const { stdout } = await colony("doctor", "--json");
    const checks = stdout
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line));
    expect(checks.filter((check) => check.state === "missing")).toEqual([]);
    expect(checks.map((check) => check.item)).toContain("jj");
    const sandbox = await colony(
      "sandbox",
      "run",
      "--egress",
      "none",
      "--",
      "sh",
      "-c",
      "id -u; ls /sys/class/net",
    );
    expect(sandbox.stdout).toBe("0\nlo\n");
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});

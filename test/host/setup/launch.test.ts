import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { expect, test } from "vitest";

const ROOT = join(import.meta.dirname, "../../..");

function launch(...args: string[]) {
  const { PATH = "", COLONY_SHARED = "" } = process.env;
  const child = spawn(
    "sh",
    [join(ROOT, "worker/setup/launch.sh"), "test/host/setup/launched-program.ts", ...args],
    {
      // An empty HOME, and nothing else but what a bare login has.
      env: { PATH, COLONY_SHARED, HOME: mkdtempSync(join(tmpdir(), "colony-home-")) },
      stdio: ["pipe", "pipe", "pipe"],
    },
  );
  return child;
}

test("standard streams, arguments and the exit code are the program's own", async () => {
  const child = launch("a b", "--json");
  child.stdin.end("through\n");
  const [stdout, stderr, [code]] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    once(child, "close"),
  ]);
  const [first = "", rest] = stdout.split(/\n(.*)/s);
  const said = JSON.parse(first);
  expect(said.arguments).toEqual(["a b", "--json"]);
  expect(rest).toBe("through\n");
  expect(code).toBe(7);
  expect(
    stderr.split("\n").filter((line) => line !== "" && !line.startsWith("colony set-up: ")),
  ).toEqual([]);
  expect(said.node).toMatch(/^v24\./);
  expect(said.umask).toBe(0o022);
  for (const path of [
    "bin/node",
    "worker/config.ts",
    "sandbox/sandbox.ts",
    "node_modules/zod/package.json",
  ]) {
    expect(statSync(join(said.runtime, path)).mode & 0o004).toBe(0o004);
  }
  expect(existsSync(join(said.runtime, "node_modules/vitest"))).toBe(false);
});

test("the launcher becomes the program: a signal reaches it without a middleman", async () => {
  const child = launch();
  const [first] = (await once(child.stdout.setEncoding("utf8"), "data")) as [string];
  expect(JSON.parse(first).pid).toBe(child.pid);
  const rest = text(child.stdout);
  child.kill("SIGTERM");
  const [code] = await once(child, "close");
  expect(await rest).toBe("told to end\n");
  expect(code).toBe(9);
});

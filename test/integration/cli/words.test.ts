import { chmod, mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { type Installation, main, openInstallation, startCommand } from "./colony.ts";

let colony: Installation;
beforeEach(async () => {
  colony = await openInstallation();
});
afterEach(() => colony[Symbol.asyncDispose]());

test("a wrong word ends with code 2 and one sentence, and starts nothing", async () => {
  const { code, stdout, stderr } = await colony.run(["mrege", "k3f9ab"]);
  expect(stderr).toMatch(/unknown command 'mrege'.*merge/s);
  expect([code, stdout]).toEqual([2, ""]);
  expect(stderr).not.toContain("    at ");
  expect(colony.processes()).toEqual([]);
});

test("--version names this version and its Node, and starts nothing", async () => {
  const { code, stdout, stderr } = await colony.run(["--version"]);
  const { version } = JSON.parse(await readFile("package.json", "utf8")) as { version: string };
  expect([code, stderr]).toEqual([0, ""]);
  expect(stdout).toBe(`colony ${version} (Node ${process.versions.node})\n`);
  expect(colony.processes()).toEqual([]);
});

test("ps on an empty installation says how to begin, and leaves nothing running", async () => {
  const { code, stdout, stderr } = await colony.run(["ps"]);
  expect([code, stdout]).toEqual([0, ""]);
  expect(stderr).toContain("colony run");
  expect(colony.processes()).toEqual([]);
});

test("several that read at once share a Redis, and the last one stops it", async () => {
  const all = await Promise.all(Array.from({ length: 3 }, () => colony.run(["ps", "--json"])));
  expect(all.map(({ code, stderr }) => [code, stderr])).toEqual(Array(3).fill([0, ""]));
  expect(colony.processes()).toEqual([]);
});

test("a task that is not there is refused", async () => {
  const { code, stderr } = await colony.run(["logs", "k3f9ab"]);
  expect([code, stderr]).toEqual([1, "colony: There is no task k3f9ab.\n"]);
});

test("a state folder that cannot be one is told, without a stack", async () => {
  const file = join(colony.home, "file");
  await writeFile(file, "");
  for (const word of ["ps", "up"]) {
    const { code, stderr } = await colony.run([word, "--home", join(file, "x")]);
    expect(code).toBe(3);
    expect(stderr).toMatch(/state folder .* cannot be written \(\w+\); choose another with --home/);
  }
});

test("--home is meant from where the person stands", async () => {
  await mkdir(join(colony.home, "a"));
  await colony.run(["ps", "--home", "inner"], { cwd: join(colony.home, "a") });
  expect(await readdir(join(colony.home, "a"))).toEqual(["inner"]);
});

test("a wrong config.yml is told with its line before anything starts", async () => {
  await writeFile(join(colony.home, "config.yml"), "port: 80\nlimits: {memroy: 1G}\n");
  for (const args of [["up"], ["run", "--repo", "/", "x"]]) {
    const { code, stderr } = await colony.run(args);
    expect(code).toBe(3);
    expect(stderr).toMatch(/config\.yml` cannot be used\. Line 2: `memroy`.*Did you mean `memory`/);
  }
  expect(colony.processes()).toEqual([]);
});

test("a config.yml that others may write is not obeyed", async () => {
  const file = join(colony.home, "config.yml");
  await writeFile(file, "port: 80\n");
  await chmod(file, 0o666);
  const { code, stderr } = await colony.run(["ps"]);
  expect(code).toBe(3);
  expect(stderr).toContain("chmod go-w");
});

test("a wrong variable is named", async () => {
  const { code, stderr } = await colony.run(["ps"], { env: { COLONY_DRIVERS: "many" } });
  expect(code).toBe(2);
  expect(stderr).toMatch(/^colony: COLONY_DRIVERS in the environment cannot be used/);
});

test("a reader that stops reading does not break the command", async () => {
  const script = `node=$1; shift; "$node" "$@" | true; echo "code \${PIPESTATUS[0]}"`;
  const command = startCommand(
    ["bash", "--norc", "-c", script, "bash", process.execPath, main, "--help"],
    {
      env: { PATH: process.env.PATH ?? "", COLONY_HOME: colony.home },
    },
  );
  const { stdout, stderr } = await command.ended;
  expect([stdout, stderr]).toEqual(["code 0\n", ""]);
});

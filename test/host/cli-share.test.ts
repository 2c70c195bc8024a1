import { readFileSync } from "node:fs";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { git, type Installation, openInstallation } from "../integration/cli/colony.ts";

let colony: Installation;
let repository: string;
beforeEach(async () => {
  colony = await openInstallation();
  repository = join(colony.home, "shop");
  await mkdir(repository);
  await writeFile(join(repository, "list.txt"), "one\n");
  await git(repository, "init", "-q", "-b", "main");
  await git(repository, "add", ".");
  await git(repository, "commit", "-q", "-m", "first");
});
afterEach(() => colony[Symbol.asyncDispose]());

function supervisors(): readonly number[] {
  return colony
    .processes()
    .filter((line) => line.includes("worker/main.") && line.includes("--until-idle"))
    .map((line) => Number(line.split(" ")[0]));
}

const run = (agent: string) =>
  colony.start(["run", "--repo", repository, "--agent", `sh -c '${agent}'`, "do it"]);

test("a command whose worker is killed gets another and its change all the same", async () => {
  const command = run("sleep 5; echo x > x.txt");
  await command.says(/the agent works/);
  const [pid = 0] = supervisors();
  process.kill(pid, "SIGKILL");
  const { code, stdout } = await command.ended;
  expect(stdout).toContain("x.txt");
  expect(code).toBe(0);
  await expect.poll(() => colony.processes(), { timeout: 60_000 }).toEqual([]);
}, 300_000);

test("commands that come while the worker of an earlier one ends wait for it, and work", async () => {
  const first = await run("echo a > a.txt").ended;
  expect(first.code).toBe(0);
  // Each comes at another moment of the worker's end.
  const readers = [0, 300, 600, 900, 1200].map(async (delayMs) => {
    await new Promise((resolve) => setTimeout(resolve, delayMs));
    return colony.run(["ps", "--json"]);
  });
  const second = run("echo b > b.txt");
  for (const { code, stdout } of await Promise.all(readers)) {
    expect(code).toBe(0);
    expect(stdout).toMatch(/"state":"review"/);
  }
  expect((await second.ended).code).toBe(0);
  await expect.poll(() => colony.processes(), { timeout: 60_000 }).toEqual([]);
}, 300_000);

test("a worker that cannot start is told with its reason, not waited for", async () => {
  await writeFile(join(colony.home, "supervisor.lock"), "");
  const broken = await colony.start(["run", "--repo", repository, "x"], {
    env: { COLONY_RUNTIME: "/nowhere" },
  }).ended;
  expect(broken.code).toBe(3);
  expect(broken.stderr).toMatch(/^colony: .*(nowhere|ENOENT)/);
  expect(readFileSync(join(colony.home, "supervisor.lock"), "utf8")).toBe("");
}, 120_000);

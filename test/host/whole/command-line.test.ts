import { readdirSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import {
  type Command,
  type Installation,
  openInstallation,
  startCommand,
} from "../../integration/cli/colony.ts";
import { makeRepository, type TestRepository } from "./repository.ts";

const clone = join(import.meta.dirname, "../../..");
let colony: Installation;
let repository: TestRepository;

beforeEach(async () => {
  colony = await openInstallation();
  repository = makeRepository({ "README.md": "A shop\n" });
});
afterEach(async () => {
  await colony[Symbol.asyncDispose]();
  repository[Symbol.dispose]();
});

/** The worker that a command started ends some seconds after the last of them, with its work done. */
async function nothingIsLeft(): Promise<void> {
  await expect.poll(() => colony.processes(), { timeout: 60_000 }).toEqual([]);
  expect(readdirSync(join(colony.home, "sandboxes"))).toEqual([]);
}

/** As somebody types it in the clone, with an environment that holds next to nothing. */
function npmColony(...args: readonly string[]): Command {
  return startCommand(["npm", "run", "-s", "colony", "--", ...args], {
    cwd: clone,
    env: { PATH: process.env.PATH ?? "", HOME: "/root", COLONY_HOME: colony.home },
  });
}

const run = (script: string, request: string) =>
  ["run", "--repo", repository.path, "--agent", `bash -c '${script}'`, "--json", request] as const;

function linesOf(stdout: string): readonly { readonly taskId: string; readonly type: string }[] {
  return stdout
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line));
}

test("run leaves its change and no sandbox; merge lands it from another process", {
  timeout: 300_000,
}, async () => {
  const ran = await npmColony(...run("echo hi > x", "Say hi")).ended;
  expect([ran.code, ran.stderr]).toEqual([0, expect.not.stringContaining("Error")]);
  const lines = linesOf(ran.stdout);
  const taskId = lines[0]?.taskId ?? "none";
  expect(new Set(lines.map((line) => line.taskId))).toEqual(new Set([taskId]));
  expect(lines.map(({ type }) => type)).toContain("sandbox.ended");
  expect(lines.at(-1)).toMatchObject({ type: "result", state: "review", exitCode: 0 });
  expect(colony.processes().filter((line) => line.includes("keeper-main "))).toEqual([]);

  const merged = await npmColony("merge", taskId, "--json").ended;
  expect([merged.code, linesOf(merged.stdout).at(-1)]).toMatchObject([0, { state: "done" }]);
  expect(repository.show("x")).toBe("hi\n");
  expect(repository.log()[0]?.message).toContain(`Task-Id: ${taskId}`);
  const twice = await npmColony("merge", taskId).ended;
  expect([twice.code, twice.stderr]).toEqual([1, expect.stringMatching(/already/)]);
  await nothingIsLeft();
});

test("several at once on one repository share one worker", { timeout: 300_000 }, async () => {
  const names = ["ant", "bee", "cow"];
  const commands = names.map((name) =>
    colony.start(run(`echo ${name} > ${name}; sleep 3`, `Make ${name}`)),
  );
  const atOnce: number[] = [];
  const looking = setInterval(() => {
    atOnce.push(colony.processes().filter((line) => line.includes("worker/main")).length);
  }, 300);
  const ended = await Promise.all(commands.map((command) => command.ended));
  clearInterval(looking);
  expect(ended.map(({ code }) => code)).toEqual([0, 0, 0]);
  // Those that come at the same moment may each start one; the lock leaves one of them.
  const steady = atOnce.filter((count) => count > 0).slice(-3);
  expect(steady).toEqual([1, 1, 1]);
  const ids = ended.map(({ stdout }) => linesOf(stdout)[0]?.taskId ?? "");
  const merged = await Promise.all(ids.map((id) => colony.run(["merge", id])));
  expect(merged.map(({ code }) => code)).toEqual([0, 0, 0]);
  for (const name of names) expect(repository.show(name)).toBe(`${name}\n`);
  await nothingIsLeft();
});

test("Ctrl-C stops the task, keeps its files, and is 130", { timeout: 300_000 }, async () => {
  const command = colony.start(run("echo half > half.txt; sleep 600", "Take long"));
  const files = () => readdirSync(colony.home, { recursive: true, encoding: "utf8" });
  const isWritten = () => files().some((path) => path.endsWith("/half.txt"));
  await expect.poll(isWritten, { timeout: 120_000, interval: 500 }).toBe(true);
  command.kill("SIGINT");
  const { code, stdout } = await command.ended;
  expect(code).toBe(130);
  const lines = linesOf(stdout);
  expect(lines.at(-1)).toMatchObject({ type: "result", state: "stopped", exitCode: 130 });
  const taskId = lines[0]?.taskId ?? "";
  expect((await colony.run(["diff", taskId])).stdout).toContain("+half");
  expect((await colony.run(["discard", taskId])).code).toBe(0);
  await nothingIsLeft();
});

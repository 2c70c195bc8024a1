import { cp, mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import pty from "node-pty";
import { afterEach, beforeEach, expect, test } from "vitest";
import { git, type Installation, main, openInstallation } from "../integration/cli/colony.ts";

let colony: Installation;
let repository: string;

beforeEach(async () => {
  colony = await openInstallation();
  repository = join(colony.home, "shop");
  await mkdir(repository);
  await writeFile(join(repository, "list.txt"), "one\ntwo\nthree\n");
  await writeFile(join(repository, ".colony.yml"), "check: test -s list.txt\n");
  await commitAll(repository);
});
afterEach(() => colony[Symbol.asyncDispose]());

async function commitAll(folder: string): Promise<void> {
  await git(folder, "init", "-q", "-b", "main");
  await git(folder, "add", ".");
  await git(folder, "commit", "-q", "-m", "first");
}

/** The application that the scripted agent knows: its story asks for a permission. */
async function openBakery(): Promise<void> {
  repository = join(colony.home, "bakery");
  await cp(join(import.meta.dirname, "../../worker/demo/bakery"), repository, { recursive: true });
  await commitAll(repository);
}

const run = (agent: string, request: string, ...more: readonly string[]) =>
  colony.start(["run", "--repo", repository, "--agent", agent, ...more, request]);

interface Line {
  readonly taskId: string;
  readonly type: string;
  readonly state?: string;
  readonly exitCode?: number;
}

function parseLines(text: string): readonly Line[] {
  return text
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line) as Line);
}

/** The worker that a command started ends after it, not with it. */
async function nothingIsLeft(): Promise<void> {
  await expect.poll(() => colony.processes(), { timeout: 60_000 }).toEqual([]);
}

test("two at once share what the first one starts, and both land", async () => {
  const [first, second] = await Promise.all([
    run(`sh -c 'sed -i s/one/ONE/ list.txt'`, "Shout the first", "--json").ended,
    run(`sh -c 'echo "$COLONY_REQUEST" >> new.txt'`, "Add a file", "--json").ended,
  ]);
  expect([first.code, second.code]).toEqual([0, 0]);
  for (const { stdout } of [first, second]) {
    const lines = parseLines(stdout);
    const [taskId] = lines.map((line) => line.taskId);
    expect(lines.every((line) => line.taskId === taskId)).toBe(true);
    expect(lines[0]).toMatchObject({ type: "task.created" });
    expect(lines.map(({ type }) => type)).toContain("sandbox.ended");
    expect(lines.at(-1)).toMatchObject({ type: "result", state: "review", exitCode: 0 });
    const diff = await colony.run(["diff", taskId ?? ""]);
    expect(diff.stdout).toMatch(/^diff --git/);
    const merged = await colony.run(["merge", taskId ?? ""]);
    expect([merged.code, merged.stderr]).toEqual([0, ""]);
    expect(merged.stdout).toContain("✔ merged as ");
  }
  expect(await git(repository, "show", "main:list.txt")).toBe("ONE\ntwo\nthree");
  expect(await git(repository, "show", "main:new.txt")).toBe("Add a file");
  expect(await git(repository, "log", "--format=%B", "-2", "main")).toMatch(/Task-Id: \w{6}/);
  await nothingIsLeft();
}, 300_000);

test("a conflict is told with file and other change, and is exit code 4", async () => {
  const [first, second] = await Promise.all([
    run(`sh -c 'sed -i s/two/TWO/ list.txt'`, "Shout", "--json").ended,
    run(`sh -c 'sed -i s/two/2/ list.txt'`, "Count", "--json").ended,
  ]);
  const [one = "", two = ""] = [first, second].map(({ stdout }) => parseLines(stdout)[0]?.taskId);
  expect((await colony.run(["merge", one])).code).toBe(0);
  const refused = await colony.run(["merge", two]);
  expect(refused.code).toBe(4);
  expect(refused.stdout).toMatch(new RegExp(`list\\.txt .*Shout \\(${one}\\)`));
  const listed = await colony.run(["ps", "--json"]);
  expect(parseLines(listed.stdout)).toMatchObject([{ taskId: two, state: "review" }]);
  await nothingIsLeft();
}, 300_000);

test("an agent that fails is exit code 1, with its last lines", async () => {
  const { code, stdout } = await run("sh -c 'echo boom; exit 3'", "Fail").ended;
  expect(code).toBe(1);
  expect(stdout).toContain("    boom\n");
  expect(stdout).toMatch(/✗ .*exit code 3/);
  await nothingIsLeft();
}, 300_000);

test("Ctrl-C stops the run in order: its files are saved, its sandbox ends", async () => {
  const command = run("sh -c 'echo half > half.txt; sleep 600'", "Take long");
  await command.says(/the agent works/);
  await command.says(/agent: sh -c/);
  command.kill("SIGINT");
  const { code, stdout, stderr } = await command.ended;
  expect(code).toBe(130);
  expect(stderr).toContain("Stopping the run");
  expect(stdout).toContain("0 processes, 0 mounts, 0 cgroups left");
  const [task] = parseLines((await colony.run(["ps", "--json"])).stdout);
  expect(task).toMatchObject({ state: "stopped" });
  await nothingIsLeft();
}, 300_000);

test("without a terminal it is told how to answer, from another one", async () => {
  await openBakery();
  const command = run("scripted", "Add opening hours that say whether it is open now");
  const [, taskId = ""] = await command.says(/colony answer (\w{6}) NUMBER/);
  const wrong = await colony.run(["answer", taskId, "alow-once"]);
  expect([wrong.code, wrong.stderr]).toEqual([
    2,
    expect.stringContaining("Did you mean allow-once?"),
  ]);
  expect((await colony.run(["answer", taskId, "reject"])).code).toBe(0);
  const { stdout } = await command.ended;
  expect(stdout).toMatch(/› Reject, says /);
  await nothingIsLeft();
}, 300_000);

test("on a terminal it asks, in colour, and takes the number typed", async () => {
  await openBakery();
  const args = ["run", "--repo", repository, "--agent", "scripted"];
  const request = "Add opening hours that say whether it is open now";
  const terminal = pty.spawn(process.execPath, [main, ...args, request], {
    cols: 100,
    rows: 40,
    cwd: "/",
    encoding: null,
    env: {
      PATH: process.env.PATH ?? "",
      HOME: "/root",
      TERM: "xterm-256color",
      COLONY_HOME: colony.home,
      COLONY_SHARED: colony.folder.shared,
      COLONY_RUNTIME: process.env.COLONY_RUNTIME ?? "",
    },
  });
  let shown = "";
  const ended = Promise.withResolvers<number>();
  terminal.onExit(({ exitCode }) => ended.resolve(exitCode));
  terminal.onData((bytes) => {
    const text = bytes.toString();
    shown += text;
    if (text.includes("Your answer:"))
      terminal.write(shown.includes("Type a number") ? "3\r" : "x\r");
  });
  await ended.promise;
  expect(shown).toContain("Type a number from 1 to 3.");
  expect(shown).toContain("\x1b[34m›\x1b[0m Reject, says ");
  await nothingIsLeft();
}, 300_000);

test("logs tell it again, raw ones byte for byte", async () => {
  const { stdout } = await run(`sh -c 'printf "a\\r\\033[31mb"'`, "Speak", "--json").ended;
  const taskId = parseLines(stdout)[0]?.taskId ?? "";
  const raw = await colony.run(["logs", taskId, "--raw"]);
  expect(raw.stdout).toBe("a\r\x1b[31mb");
  const told = await colony.run(["logs", taskId]);
  expect(told.stdout).not.toContain("\x1b");
  expect(told.stdout).toContain("✔ check passed");
  expect(await readFile(join(colony.home, "worker.log"), "utf8")).toContain("worker ready");
}, 300_000);

import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { spawn } from "node-pty";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { adoptSandbox } from "../../../sandbox/sandbox.ts";
import { type Installation, openInstallation } from "../whole/installation.ts";
import { ask, openChannel } from "../whole/talk.ts";

let colony: Installation;
let id = "";
beforeAll(async () => {
  colony = await openInstallation();
  const visitor = await colony.visit();
  await openChannel(colony, "shop", { "a.txt": "one\n" });
  const agent = "stty size; while read line; do echo heard $line; done";
  const talk = await ask(colony, visitor, "shop", `/colony run --agent "${agent}" wait`);
  await vi.waitFor(async () => expect((await talk.task()).promptInFlight?.key).toBe("p1"), {
    timeout: 120_000,
    interval: 200,
  });
  ({ id } = await talk.task());
}, 240_000);
afterAll(() => colony[Symbol.asyncDispose](), 120_000);

const isPatient = { timeout: 60_000, interval: 100 };

/** `colony attach` in a terminal of this size, as a person has it. */
function attach(columns: number, rows: number, ...options: string[]) {
  const cli = join(import.meta.dirname, "../../../worker/cli/main.ts");
  const argv = [cli, "attach", id, "--home", colony.folder.home, ...options];
  const env = {
    PATH: process.env.PATH ?? "",
    HOME: "/root",
    TERM: "xterm-256color",
    COLONY_SHARED: colony.folder.shared,
    COLONY_RUNTIME: process.env.COLONY_RUNTIME ?? "",
  };
  const cwd = mkdtempSync(join(tmpdir(), "colony-attach-"));
  const terminal = spawn(process.execPath, argv, { cols: columns, rows, cwd, env, encoding: null });
  let text = "";
  terminal.onData((data) => (text += String(data)));
  const ended = Promise.withResolvers<number>();
  terminal.onExit(({ exitCode }) => ended.resolve(exitCode));
  return {
    terminal,
    ended: ended.promise,
    text: () => text,
    sees: (what: RegExp) => expect.poll(() => text, isPatient).toMatch(what),
    [Symbol.dispose]() {
      try {
        process.kill(terminal.pid, "SIGKILL");
      } catch {
        // It has ended.
      }
    },
  };
}

test("a shell of one's own: the agent's rights and limits, the right size, several at once", async () => {
  using first = attach(101, 31, "--shell");
  using second = attach(70, 20, "--shell");
  await first.sees(/Ctrl-\]/);
  await second.sees(/Ctrl-\]/);
  first.terminal.write("stty size; id -u; pwd; ls; ulimit -n; grep NoNewPrivs /proc/self/status\r");
  await first.sees(/31 101\s+0\s+\/workspace\s+a\.txt\s+\d+\s+NoNewPrivs:\t1/);
  second.terminal.write("stty size; echo $((6*7)) > seen.txt; cat seen.txt\r");
  await second.sees(/20 70\s+42/);
  first.terminal.write(
    "cat seen.txt; grep -c . /proc/self/cgroup > /dev/null && echo same-$((1+1))\r",
  );
  await first.sees(/42\s+same-2/);
  first.terminal.resize(120, 40);
  await expect
    .poll(() => {
      first.terminal.write("stty size\r");
      return first.text();
    }, isPatient)
    .toMatch(/40 120/);
  // Ctrl-] leaves and ends what runs in it; an end of the shell leaves too, with its code.
  first.terminal.write("sleep 4321 &\rsleep 1234\r\x1d");
  expect(await first.ended).toBe(0);
  second.terminal.write("exit 7\r");
  expect(await second.ended).toBe(7);
  await using sandbox = await adoptSandbox(colony.folder, id);
  const list = { timeoutMs: 30_000, maxOutputBytes: 10_000 };
  await expect
    .poll(async () => (await sandbox?.exec(["ps", "-eo", "args"], list))?.output, isPatient)
    .not.toMatch(/sleep (4321|1234)/);
}, 240_000);

test("watching is read-only; --write types into the agent's terminal", async () => {
  using watcher = attach(80, 24);
  await watcher.sees(/Watching; Ctrl-C leaves\.[\s\S]*40 120/);
  watcher.terminal.write("not heard\r");
  using writer = attach(90, 25, "--write");
  await writer.sees(/You type into/);
  writer.terminal.write("hello there\r");
  await watcher.sees(/heard hello there/);
  expect(watcher.text()).not.toContain("heard not heard");
  watcher.terminal.write("\x03");
  expect(await watcher.ended).toBe(0);
  writer.terminal.write("\x1d");
  expect(await writer.ended).toBe(0);
}, 240_000);

test("while a person has a terminal the sandbox does not sleep", async () => {
  using mine = attach(80, 24, "--shell");
  await mine.sees(/Ctrl-\]/);
  await using sandbox = await adoptSandbox(colony.folder, id);
  await expect(sandbox?.sleep()).rejects.toThrow("terminal");
  // Not even a word of goodbye: the shell goes with the connection.
  process.kill(mine.terminal.pid, "SIGKILL");
  await mine.ended;
  await expect
    .poll(
      () =>
        sandbox?.sleep().then(
          () => "asleep",
          () => "awake",
        ),
      isPatient,
    )
    .toBe("asleep");
  using again = attach(80, 24, "--shell");
  await again.sees(/Ctrl-\]/);
  again.terminal.write("echo awake-$((1+1))\r");
  await again.sees(/awake-2/);
}, 240_000);

import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { appendFile, mkdtemp, readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { keepProgram } from "../../../worker/cli/keep-program.ts";
import { hostPath } from "../../../worker/process/host-path.ts";

let folder: string;
let notes: string[];
beforeEach(async () => {
  folder = await mkdtemp("/tmp/colony-keep-");
  notes = [];
});
afterEach(() => rm(folder, { recursive: true }));

const file = (name: string) => join(folder, name);
const pids = async () =>
  (await readFile(file("pids"), "utf8").catch(() => "")).split("\n").filter(Boolean).map(Number);
const isAlive = (pid: number) => existsSync(`/proc/${pid}`);

/** Writes its pid down, says that it is ready, and ends in order on SIGTERM. */
const program = `echo $$ >> pids; trap 'echo ended >> order; exit 0' TERM; : > ready; while :; do sleep 0.1; done`;

function keep(script: string, name = "thing") {
  return keepProgram({
    name,
    argv: ["bash", "-c", script],
    env: { PATH: hostPath },
    cwd: folder,
    detached: true,
    stdio: ["ignore", "ignore", "ignore"],
    isReady: async () => existsSync(file("ready")),
    lastWords: async () => "my last words",
    note: (line) => notes.push(line),
    graceMs: 60_000,
    orphanSignal: "TERM",
  });
}

test("it is ended in order", async () => {
  const kept = await keep(program);
  const [pid = 0] = await pids();
  await kept[Symbol.asyncDispose]();
  expect(isAlive(pid)).toBe(false);
  expect(await readFile(file("order"), "utf8")).toBe("ended\n");
  expect(notes).toEqual([]);
});

test("a program that ends before it is ready is an error with its last words", async () => {
  await expect(keep("exit 7")).rejects.toThrow(
    "The thing ended at its start (exit code 7): my last words",
  );
});

test("a program that is missing is an error", async () => {
  await expect(keep("exec /no/such/program")).rejects.toThrow("ended at its start (exit code 127)");
});

test("a killed program is started again and the death is told", async () => {
  await using _kept = await keep(program);
  const [first = 0] = await pids();
  process.kill(first, "SIGKILL");
  await expect.poll(async () => (await pids()).length, { timeout: 30_000 }).toBe(2);
  expect(notes).toEqual(["The thing died (SIGKILL); it is started again."]);
});

test("one that dies again and again ends the keeping", async () => {
  // Ready at its first life only.
  await using kept = await keep(`if [ -e ready ]; then exit 3; fi; : > ready; sleep 0.3; exit 3`);
  await expect(kept.failed).rejects.toThrow(/dies again and again \(exit code 3\)/);
}, 120_000);

test("an end waits for a start that is under way, so that it ends in order too", async () => {
  const slow = `echo $$ >> pids; if [ -e order ]; then rm ready; sleep 1; fi; trap 'echo ended >> order; exit 0' TERM; : > ready; while :; do sleep 0.1; done`;
  const kept = await keep(slow);
  await appendFile(file("order"), "killed\n");
  process.kill((await pids())[0]!, "SIGKILL");
  await expect.poll(async () => (await pids()).length, { timeout: 30_000 }).toBe(2);
  await expect.poll(() => existsSync(file("ready")), { timeout: 30_000 }).toBe(false);
  await kept[Symbol.asyncDispose]();
  expect(await readFile(file("order"), "utf8")).toBe("killed\nended\n");
});

test("the kernel ends it when its keeper is killed", async () => {
  const script = `import { keepProgram } from ${JSON.stringify(join(import.meta.dirname, "../../../worker/cli/keep-program.ts"))};
    import { existsSync } from "node:fs";
    await keepProgram({ name: "x", argv: ["bash", "-c", ${JSON.stringify(program)}], env: { PATH: process.env.PATH },
      cwd: ${JSON.stringify(folder)}, detached: true, stdio: ["ignore", "ignore", "ignore"], lastWords: async () => "", note() {},
      isReady: async () => existsSync(${JSON.stringify(file("ready"))}), graceMs: 1000, orphanSignal: "TERM" });
    process.stdout.write("kept"); setInterval(() => {}, 1000);`;
  const keeper = spawn(process.execPath, ["--input-type=module", "-e", script], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  await once(keeper.stdout, "data");
  const [pid = 0] = await pids();
  expect(isAlive(pid)).toBe(true);
  keeper.kill("SIGKILL");
  await expect.poll(() => isAlive(pid), { timeout: 30_000 }).toBe(false);
  expect(await readFile(file("order"), "utf8")).toBe("ended\n");
});

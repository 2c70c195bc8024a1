import { type ChildProcess, spawn } from "node:child_process";
import { mkdirSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { installationGroup } from "../../sandbox/cgroups/names.ts";
import { sweepLeftovers } from "../../sandbox/sandbox.ts";
import { makeSandboxHome } from "./sandbox-fixture.ts";

const folder = makeSandboxHome();
afterAll(() => folder[Symbol.asyncDispose]());

interface End {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

function run(argv: readonly string[], workspace = "-"): { child: ChildProcess; end: Promise<End> } {
  const main = join(import.meta.dirname, "sandbox-run-main.ts");
  const child = spawn(process.execPath, [main, folder.home, folder.shared, workspace, ...argv]);
  let stdout = "";
  let stderr = "";
  child.stdout.on("data", (bytes) => {
    stdout += String(bytes);
  });
  child.stderr.on("data", (bytes) => {
    stderr += String(bytes);
  });
  const end = new Promise<End>((resolve) => {
    child.on("close", (code) => resolve({ code, stdout, stderr }));
  });
  return { child, end };
}

async function saying(child: ChildProcess, word: string): Promise<void> {
  let text = "";
  await new Promise<void>((resolve) => {
    child.stdout?.on("data", (bytes) => {
      text += String(bytes);
      if (text.includes(word)) resolve();
    });
  });
}

function expectNothingLeft(): void {
  for (const path of [folder.sandboxes, folder.run]) expect(readdirSync(path)).toEqual([]);
  const groups = readFileSync("/proc/self/mountinfo", "utf8").match(/\/sys\/fs\/cgroup\S*/g) ?? [];
  for (const path of groups) expect(readdirSync(path)).not.toContain(installationGroup(folder));
}

test("input, output, errors and the exit code go through", async () => {
  const { child, end } = run(["sh", "-c", "cat; echo bad >&2; exit 42"]);
  child.stdin?.end("a\nb\n");
  expect(await end).toEqual({ code: 42, stdout: "a\nb\n", stderr: "bad\n" });
  expectNothingLeft();
});

test("much output, and a reader that goes away", async () => {
  const { end } = run(["seq", "1", "300000"]);
  const { stdout, code } = await end;
  expect(code).toBe(0);
  expect(stdout.length).toBe(1_988_895);
  const { child, end: second } = run(["yes"]);
  child.stdout?.once("data", () => child.stdout?.destroy());
  expect((await second).code).not.toBe(0);
  expectNothingLeft();
});

test("killed by a signal, not found", async () => {
  expect((await run(["sh", "-c", "kill -9 $$"]).end).code).toBe(137);
  expect((await run(["nosuchprogram"]).end).code).toBe(127);
  expectNothingLeft();
});

test.each([
  ["SIGINT", 11],
  ["SIGTERM", 12],
  ["SIGHUP", 13],
] as const)(
  "%s reaches the program, which ends as it likes; nothing is left",
  async (signal, code) => {
    const script = `trap 'echo caught; exit ${code}' ${signal.slice(3)}; echo ready; while :; do sleep 0.05; done`;
    const { child, end } = run(["bash", "-c", script]);
    await saying(child, "ready");
    child.kill(signal);
    expect(await end).toMatchObject({ code, stdout: "ready\ncaught\n" });
    expectNothingLeft();
  },
);

test("a workspace is written through", async () => {
  const files = join(folder.home, "work");
  mkdirSync(files);
  const { code } = await run(["sh", "-c", "pwd > here"], files).end;
  expect(code).toBe(0);
  expect(readFileSync(join(files, "here"), "utf8")).toBe("/workspace\n");
});

test("SIGKILL of the front: the sandbox ends by itself, a sweep takes the rest", async () => {
  const { child, end } = run(["sh", "-c", "echo ready; sleep 1000"]);
  await saying(child, "ready");
  child.kill("SIGKILL");
  await end;
  await expect
    .poll(async () => (await sweepLeftovers(folder)).living.length, { timeout: 20_000 })
    .toBe(0);
  expectNothingLeft();
});

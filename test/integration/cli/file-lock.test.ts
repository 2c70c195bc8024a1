import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { takeFileLock } from "../../../worker/process/file-lock.ts";

let folder: string;
let path: string;
beforeEach(async () => {
  folder = await mkdtemp("/tmp/colony-lock-");
  path = join(folder, "inner", "a.lock");
});
afterEach(() => rm(folder, { recursive: true }));

test("an exclusive lock keeps everybody out until it is released", async () => {
  const held = await takeFileLock({ path, kind: "exclusive", timeoutMs: 0 });
  expect(await takeFileLock({ path, kind: "shared", timeoutMs: 0 })).toBeUndefined();
  expect(await takeFileLock({ path, kind: "exclusive", timeoutMs: 50 })).toBeUndefined();
  held![Symbol.dispose]();
  held![Symbol.dispose]();
  using again = await takeFileLock({ path, kind: "exclusive", timeoutMs: 0 });
  expect(again).toBeDefined();
});

test("shared locks go together and keep an exclusive one out", async () => {
  using first = await takeFileLock({ path, kind: "shared", timeoutMs: 0 });
  using second = await takeFileLock({ path, kind: "shared", timeoutMs: 0 });
  expect([first, second]).not.toContain(undefined);
  expect(await takeFileLock({ path, kind: "exclusive", timeoutMs: 0 })).toBeUndefined();
});

test("who waits gets it when it is released", async () => {
  const held = await takeFileLock({ path, kind: "exclusive", timeoutMs: 0 });
  const waiting = takeFileLock({ path, kind: "shared", timeoutMs: 60_000 });
  held![Symbol.dispose]();
  using got = await waiting;
  expect(got).toBeDefined();
});

test("a wait is given up by its signal", async () => {
  using _held = await takeFileLock({ path, kind: "exclusive", timeoutMs: 0 });
  const ending = new AbortController();
  const { signal } = ending;
  const waiting = takeFileLock({ path, kind: "shared", timeoutMs: 60_000, signal });
  ending.abort();
  expect(await waiting).toBeUndefined();
});

test("a lock handed to a child lasts as long as the child", async () => {
  const held = await takeFileLock({ path, kind: "exclusive", timeoutMs: 0 });
  const child = spawn("sleep", ["600"], { stdio: ["ignore", "ignore", "ignore", held!.fd] });
  await once(child, "spawn");
  held![Symbol.dispose]();
  expect(await takeFileLock({ path, kind: "exclusive", timeoutMs: 0 })).toBeUndefined();
  const waiting = takeFileLock({ path, kind: "exclusive", timeoutMs: 60_000 });
  child.kill("SIGKILL");
  using got = await waiting;
  expect(got).toBeDefined();
});

test("a lock is gone with a killed process", async () => {
  const script = `import { takeFileLock } from ${JSON.stringify(join(import.meta.dirname, "../../../worker/process/file-lock.ts"))};
    await takeFileLock({ path: ${JSON.stringify(path)}, kind: "exclusive", timeoutMs: 0 });
    process.stdout.write("held"); setInterval(() => {}, 1000);`;
  const child = spawn(process.execPath, ["--input-type=module", "-e", script], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  await once(child.stdout, "data");
  expect(await takeFileLock({ path, kind: "shared", timeoutMs: 0 })).toBeUndefined();
  child.kill("SIGKILL");
  using got = await takeFileLock({ path, kind: "shared", timeoutMs: 60_000 });
  expect(got).toBeDefined();
});

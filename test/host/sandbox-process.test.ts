import { readFileSync } from "node:fs";
import { afterAll, beforeAll, expect, test } from "vitest";
import { adoptSandbox, type Sandbox, type SandboxProcess } from "../../sandbox/sandbox.ts";
import { makeSandboxHome, openForTest, shell, smallSpec } from "./sandbox-fixture.ts";

const folder = makeSandboxHome();
let sandbox: Sandbox;

beforeAll(async () => {
  sandbox = await openForTest(folder, smallSpec("proc"));
});
afterAll(async () => {
  await sandbox[Symbol.asyncDispose]();
  await folder[Symbol.asyncDispose]();
});

function start(name: string, script: string, terminal?: { columns: number; rows: number }) {
  const common = {
    name,
    argv: ["bash", "-c", script],
    env: { GREETING: "hello" },
    cwd: "/workspace",
  };
  return sandbox.start(terminal === undefined ? common : { ...common, terminal });
}

async function readAll(process: SandboxProcess, from = 0): Promise<string> {
  const parts: Buffer[] = [];
  for await (const { bytes } of process.output(from)) parts.push(bytes);
  return Buffer.concat(parts).toString("utf8");
}

test("a pipe process answers what it is told, and its input is kept", async () => {
  const process = await start(
    "talk",
    'echo "$GREETING"; read x; echo "got $x"; echo oops >&2; exit 3',
  );
  await process.write("wor");
  await process.write("ld\n");
  expect(await readAll(process)).toBe("hello\ngot world\n");
  expect(await process.exited()).toEqual({ exitCode: 3, signal: null, outOfMemory: false });
  expect(String(await process.inputSoFar())).toBe("world\n");
  expect(readFileSync(process.spoolPath.replace(/\.out$/, ".err"), "utf8")).toBe("oops\n");
});

test("a closed input ends a reader", async () => {
  const process = await start("cat", "cat");
  await process.write("bytes");
  await process.closeInput();
  expect(await readAll(process)).toBe("bytes");
  expect((await process.exited()).exitCode).toBe(0);
});

test("starting a name twice starts it once", async () => {
  const [first, second] = await Promise.all([start("once", "echo $$"), start("once", "echo $$")]);
  expect(await readAll(first)).toBe(await readAll(second));
  await first.exited();
  const third = await start("once", "echo other");
  expect(await readAll(third)).toBe(await readAll(first));
});

test("a terminal's spool is exact to the byte", async () => {
  const process = await start("fast", "head -c 2000000 /dev/zero | tr '\\0' x; seq 1 200000", {
    columns: 80,
    rows: 24,
  });
  const numbers = Array.from({ length: 200_000 }, (_, index) => `${index + 1}\r\n`).join("");
  const text = await readAll(process);
  expect(text.length).toBe(2_000_000 + numbers.length);
  expect(text === "x".repeat(2_000_000) + numbers).toBe(true);
});

test("a terminal is a real one: name, size, resize, control characters", async () => {
  const process = await start(
    "tty",
    "tty; stty size; trap 'stty size; exit 9' INT; echo ready; while :; do sleep 0.1; done",
    {
      columns: 101,
      rows: 31,
    },
  );
  let text = "";
  for await (const { bytes } of process.output(0)) {
    text += String(bytes);
    if (text.includes("ready") && !text.includes("^C")) {
      await process.resize(77, 22);
      await process.write("\x03");
      break;
    }
  }
  text = await readAll(process);
  expect(text).toMatch(/^\/dev\/pts\/\d+\r\n31 101\r\n/);
  expect(text).toContain("22 77\r\n");
  expect((await process.exited()).exitCode).toBe(9);
});

test("a kill takes everything that the program started, setsid or not", async () => {
  const process = await start(
    "tree",
    "sleep 1000 & setsid sleep 1000 & (sleep 1000 &) ; exec sleep 1000",
  );
  await expect.poll(async () => (await shell(sandbox, "pgrep -c -f '^sleep 1000'")).text).toBe("4");
  await process.kill("SIGKILL");
  expect((await process.exited()).signal).toBe("SIGKILL");
  expect((await shell(sandbox, "pgrep -c -f '^sleep 1000'")).text).toBe("0");
});

test("a signal reaches the program, which may answer it", async () => {
  const process = await start(
    "term",
    "trap 'echo bye; exit 7' TERM; echo up; while :; do sleep 0.1; done",
  );
  for await (const { bytes } of process.output(0)) if (String(bytes).includes("up")) break;
  await process.kill("SIGTERM");
  expect(await readAll(process)).toBe("up\nbye\n");
  expect((await process.exited()).exitCode).toBe(7);
});

test("another client adopts: from an offset, to the end, with what was written before", async () => {
  const process = await start("adopted", "echo one; read x; echo two $x");
  for await (const { bytes } of process.output(0)) if (String(bytes).includes("one")) break;
  await using other = await adoptSandbox(folder, "proc");
  expect(other?.uidBase).toBe(sandbox.uidBase);
  const again = await other?.process("adopted");
  if (again === undefined) throw new Error("not found");
  await again.write("three\n");
  expect(await readAll(again, 4)).toBe("two three\n");
  expect(await again.exited()).toEqual(await process.exited());
  expect(await other?.process("never")).toBeUndefined();
});

test("exec gives output, exit code, live bytes; a deadline ends the whole tree", async () => {
  let live = "";
  const options = { timeoutMs: 20_000, maxOutputBytes: 10_000 };
  const result = await sandbox.exec(["sh", "-c", "pwd; echo err >&2; exit 5"], {
    ...options,
    onOutput: (bytes) => {
      live += String(bytes);
    },
  });
  expect(result).toMatchObject({ exitCode: 5, timedOut: false, truncated: false });
  expect(live).toBe(result.output);
  expect(result.output).toContain("/workspace\n");
  const late = await sandbox.exec(["sh", "-c", "sleep 777 & setsid sleep 777 & wait"], {
    ...options,
    timeoutMs: 700,
  });
  expect(late.timedOut).toBe(true);
  expect((await shell(sandbox, "pgrep -c -f '^sleep 777'")).text).toBe("0");
});

test("exec keeps head and tail of long output", async () => {
  const result = await sandbox.exec(["seq", "1", "100000"], {
    timeoutMs: 20_000,
    maxOutputBytes: 2_000,
  });
  expect(result.truncated).toBe(true);
  expect(result.output.startsWith("1\n2\n")).toBe(true);
  expect(result.output.endsWith("99999\n100000\n")).toBe(true);
  expect(result.output.length).toBeLessThan(2_100);
});

test("orphans are reaped, and nothing inside can end the first process", async () => {
  const orphans = "for i in $(seq 20); do (sleep 0.1 &); done; sleep 0.6; ps -eo stat= | grep -c Z";
  expect((await shell(sandbox, orphans)).text).toBe("0");
  expect(
    (await shell(sandbox, "kill -TERM 1; kill -KILL 1; sleep 0.2; ps -p 1 -o comm=")).text,
  ).toBe("sleep");
});

test("a program that is not there says so and ends with 127", async () => {
  const process = await start("shell-missing", "nosuchprogram");
  expect((await process.exited()).exitCode).toBe(127);
  const missing = await sandbox.start({ name: "missing", argv: ["nosuch"], env: {}, cwd: "/" });
  expect((await missing.exited()).exitCode).toBe(127);
});

import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { seeingOnly } from "../../../sandbox/sandbox.ts";
import { stateFolder } from "../../../sandbox/state-folder.ts";
import { emulate } from "../../../worker/agent/terminal/emulate.ts";
import { openEmulator } from "../../../worker/agent/terminal/emulator.ts";
import { emulateApart, renderExcerpt } from "../../../worker/agent/terminal/render.ts";
import { readColonyUser } from "../../../worker/process/system-user.ts";

const codeRoot = process.env.COLONY_RUNTIME ?? new URL("../../..", import.meta.url).pathname;
const nodePath =
  process.env.COLONY_RUNTIME === undefined ? process.execPath : `${codeRoot}/bin/node`;
const folder = stateFolder("/nonexistent", process.env.COLONY_SHARED ?? "/var/lib/colony/shared");
const user = await readColonyUser();
const emulator = openEmulator({ user, nodePath, codeRoot, folder });
const apart = emulateApart(emulator);
afterAll(() => {
  apart[Symbol.dispose]();
  emulator[Symbol.dispose]();
});

const samples = [
  "plain\n",
  "",
  "\u001b[31mred\u001b[0m and \u001b[2Jcleared\n",
  "spin |\rspin /\rdone  \n",
  `${"w".repeat(500)}\n`,
  "ünïcode \u{1f41d}\n",
  "\u001b]0;title\u0007\u001bP+q544e\u001b\\ \u001b[999999999;999999999Hfar",
];

test("what is shown is what an emulator here would show, many questions at once in their order", async () => {
  const here = await Promise.all(samples.map((sample) => emulate(Buffer.from(sample))));
  const there = await Promise.all(samples.map((sample) => emulator.render(Buffer.from(sample))));
  expect(there).toEqual(here);
  expect(await renderExcerpt("one\r\ntwo\r\n")).toBe("one\ntwo");
});

test("bytes of every value, a quarter of a megabyte of them, end nothing", async () => {
  let state = 7;
  const noise = Buffer.from(
    Array.from({ length: 256 * 1024 }, () => {
      state = (state * 1_103_515_245 + 12_345) % 2_147_483_648;
      return (state >> 8) & 255;
    }),
  );
  await emulator.render(noise);
  const before = emulator.pid();
  expect(await emulator.render(Buffer.from("after\n"))).toEqual(["after"]);
  expect(emulator.pid()).toBe(before);
});

test("it is nobody; one that is killed costs the answer that was asked for, and is replaced", async () => {
  const first = emulator.pid();
  const status = readFileSync(`/proc/${first}/status`, "utf8");
  expect(status).toMatch(/^CapEff:\t0+$/m);
  expect(status).toMatch(/^CapBnd:\t0+$/m);
  expect(status).toMatch(/^NoNewPrivs:\t1$/m);
  process.kill(first ?? 0, "SIGSTOP");
  const asked = emulator.render(Buffer.from("lost\n"));
  process.kill(first ?? 0, "SIGKILL");
  expect(await asked).toEqual(["(this terminal's output cannot be shown)"]);
  expect(await emulator.render(Buffer.from("back\n"))).toEqual(["back"]);
  expect(emulator.pid()).not.toBe(first);
});

test("where the kernel has Landlock it opens nothing but programs and our code", async ({
  skip,
}) => {
  const [program] = await seeingOnly(folder, []);
  if (program === undefined) return skip("this kernel, or setpriv, has no Landlock");
  // In Node's place a program that says what it may open.
  const place = mkdtempSync("/var/tmp/colony-emulator-");
  chmodSync(place, 0o755);
  try {
    const lines = ["/etc/passwd", "/proc/1/cmdline", join(place, "node")].map(
      (path) => `sum=$(cksum < ${path}) && said="$said open" || said="$said closed"`,
    );
    const script = [
      "#!/bin/sh",
      "exec 2>&-",
      "read question",
      ...lines,
      'echo "[\\"$said\\"]"',
      "read more",
    ];
    writeFileSync(join(place, "node"), `${script.join("\n")}\n`, { mode: 0o755 });
    using seen = openEmulator({ user, nodePath: join(place, "node"), codeRoot: place, folder });
    expect(await seen.render(Buffer.from("x\n"))).toEqual([" closed closed open"]);
  } finally {
    rmSync(place, { recursive: true });
  }
});

test("one that does not answer is ended in time", async () => {
  const stuck = emulator.pid();
  process.kill(stuck ?? 0, "SIGSTOP");
  expect(await emulator.render(Buffer.from("x\n"))).toEqual([
    "(this terminal's output cannot be shown)",
  ]);
  expect(await emulator.render(Buffer.from("back\n"))).toEqual(["back"]);
});

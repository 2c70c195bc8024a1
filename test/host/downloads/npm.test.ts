import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdirSync, readFileSync, symlinkSync, truncateSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { keepNpmDownloads, npmDownloads } from "../../../sandbox/downloads/npm-downloads.ts";
import { sandboxPaths } from "../../../sandbox/keeper-paths.ts";
import { endSandbox, keepDownloads } from "../../../sandbox/sandbox.ts";
import { stateFolder } from "../../../sandbox/state-folder.ts";
import { succeed } from "../inside/inside-fixture.ts";
import { makeSandboxHome, mebibyte, openForTest, smallSpec } from "../sandbox-fixture.ts";

const made = makeSandboxHome();
/** Tools and images are the host's, what is fetched this test's own. */
const home = { ...made, downloads: join(made.home, "downloads") };
afterAll(() => made[Symbol.asyncDispose]());

const owner = "0123456789abcdef";
const cache = "root/.npm/_cacache/content-v2/sha512";
const pathOf = (bytes: string) => {
  const hex = createHash("sha512").update(bytes).digest("hex");
  return `${hex.slice(0, 2)}/${hex.slice(2, 4)}/${hex.slice(4)}`;
};

test("kept is what has the hash that its name says, and nothing that only looks like it", async () => {
  const folder = stateFolder(home.home, join(home.home, "shared-a"));
  const upper = join(home.home, "upper");
  const place = (name: string) => {
    mkdirSync(join(upper, cache, dirname(name)), { recursive: true });
    return join(upper, cache, name);
  };
  const secret = join(home.home, "secret");
  writeFileSync(secret, "secret");
  writeFileSync(place(pathOf("good")), "good");
  writeFileSync(place(pathOf("forged")), "something else");
  symlinkSync(secret, place(pathOf("secret")));
  execFileSync("mkfifo", [place(pathOf("pipe"))]);
  writeFileSync(place(pathOf("huge")), "");
  truncateSync(place(pathOf("huge")), 2 ** 40);
  writeFileSync(place("../index"), "no hash");
  expect(await keepNpmDownloads(folder, owner, upper)).toBe(1);
  const store = npmDownloads(folder, owner) ?? "";
  const files = execFileSync("find", [store, "-type", "f", "-printf", "%P\n"], {
    encoding: "utf8",
  });
  expect(files.trim()).toBe(`${cache}/${pathOf("good")}`);
  expect(readFileSync(join(store, cache, pathOf("good")), "utf8")).toBe("good");
  expect(await keepNpmDownloads(folder, owner, upper)).toBe(0);

  // A whole folder that leads elsewhere.
  const other = join(home.home, "other");
  mkdirSync(join(other, "root/.npm"), { recursive: true });
  symlinkSync(join(upper, "root/.npm/_cacache"), join(other, "root/.npm/_cacache"));
  const empty = stateFolder(home.home, join(home.home, "shared-b"));
  expect(await keepNpmDownloads(empty, owner, other)).toBe(0);
});

test("the next npm ci of a lock file fetches next to nothing", { timeout: 240_000 }, async () => {
  const limits = {
    memoryBytes: 1024 * mebibyte,
    pids: 256,
    cpus: 2,
    diskBytes: 2048 * mebibyte,
    openFiles: 4096,
  };
  const settingsOwner = { env: process.env, home: "/root" };
  const open = (id: string) =>
    openForTest(
      home,
      smallSpec(id, { egress: { kind: "packages", alsoNames: [] }, limits, downloads: owner }),
      {
        settingsOwner,
      },
    );
  const received = (id: string) =>
    readFileSync(sandboxPaths(home, id).ledger, "utf8")
      .trim()
      .split("\n")
      .filter(Boolean)
      .map((line): { bytesDown?: number } => JSON.parse(line))
      .reduce((sum, { bytesDown = 0 }) => sum + bytesDown, 0);
  const version = "7.29.0";
  await using first = await open("fetches");
  await succeed(
    first,
    "mkdir -p /root/p && cd /root/p && npm init -y >/dev/null && npm i -s --no-audit --no-update-notifier " +
      `@babel/parser@${version}`,
  );
  const lock = await succeed(first, "cat /root/p/package-lock.json");
  const manifest = await succeed(first, "cat /root/p/package.json");
  await endSandbox(home, "fetches");
  const whole = received("fetches");
  await keepDownloads(home, "fetches", owner);

  await using second = await open("reuses");
  const write = `mkdir -p /root/p && cd /root/p && cat >package.json <<'END'\n${manifest}\nEND\ncat >package-lock.json <<'END'\n${lock}\nEND`;
  const again = await succeed(
    second,
    `${write}\nnpm ci --no-audit --no-update-notifier && ls node_modules/@babel`,
  );
  expect(again).toContain("\nparser\n");
  await endSandbox(home, "reuses");
  expect(received("reuses")).toBeLessThan(whole / 20);
});

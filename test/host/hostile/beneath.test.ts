import { execFileSync } from "node:child_process";
import {
  closeSync,
  constants,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
} from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { Beneath, BeneathError } from "../../../sandbox/workspace/beneath.ts";
import { openRace, secret } from "./race.ts";

const reads = 100_000;

describe("the door to files that a sandbox may change meanwhile", () => {
  test(`${reads} reads while files, parents and links are swapped give no byte of the host`, async () => {
    await using race = await openRace();
    using door = new Beneath(race.root);
    const seen = new Map<string, number>();
    for (let read = 0; read < reads; read++) {
      const outcome = await outcomeOf(door, race.path);
      seen.set(outcome, (seen.get(outcome) ?? 0) + 1);
    }
    expect([...seen.keys()].toSorted()).toEqual(["missing", "not-a-file", "own"]);
    expect(seen.has(secret)).toBe(false);
    // The race is one: a reader that checks the path first and opens it then is fooled by it.
    expect(fooled(race.root, race.path)).toBe(secret);
  });

  test("pipes, devices, sockets, links and a file of 1 TB are told apart, and cost nothing", async () => {
    const home = mkdtempSync("/var/tmp/colony-beneath-");
    try {
      const script = `
        mkdir folder; echo hello > folder/file; mkfifo pipe; ln -s folder/file link; ln -s folder way
        mknod zero c 1 5; mknod nothing b 200 7; truncate -s 1T sparse; truncate -s 64K holes
        perl -MIO::Socket::UNIX -e 'IO::Socket::UNIX->new(Local => "socket", Listen => 1)'`;
      execFileSync("sh", ["-euc", script], { cwd: home });
      using door = new Beneath(home);
      const before = process.memoryUsage.rss();
      for (const [path, outcome] of [
        ["folder/file", "hello\n"],
        ["holes", "\0".repeat(65_536)],
        ["sparse", "too-large"],
        ["pipe", "not-a-file"],
        ["zero", "not-a-file"],
        ["nothing", "not-a-file"],
        ["socket", "not-a-file"],
        ["link", "not-a-file"],
        ["folder", "not-a-file"],
        ["way/file", "missing"],
        ["folder/file/x", "missing"],
        ["absent", "missing"],
        ["n".repeat(256), "missing"],
        ["../etc/passwd", "bad-path"],
        ["folder/../../etc/passwd", "bad-path"],
        ["/etc/passwd", "bad-path"],
        ["", "bad-path"],
        ["folder//file", "bad-path"],
        ["folder/\0", "bad-path"],
        ["x/".repeat(5_000), "bad-path"],
      ] as const) {
        for (let times = 0; times < 50; times++) {
          expect(await outcomeOf(door, path), path).toBe(outcome);
        }
      }
      expect(process.memoryUsage.rss() - before).toBeLessThan(100 * 2 ** 20);
      expect(["folder", "way", "link", "pipe", "absent"].map((path) => door.namesIn(path))).toEqual(
        [["file"], ...[[], [], [], []]],
      );
      const kinds = ["folder/file", "folder", "link", "pipe", "zero", "absent"];
      expect(kinds.map((path) => door.kindOf(path))).toEqual([
        ...["file", "folder", "link", "other", "other"],
        undefined,
      ]);
    } finally {
      rmSync(home, { recursive: true });
    }
    // None of those 1,000 looks left a descriptor behind.
    expect(readdirSync("/proc/self/fd").length).toBeLessThan(200);
  });
});

async function outcomeOf(door: Beneath, path: string): Promise<string> {
  try {
    return String(await door.readFile(path, 65_536));
  } catch (error) {
    if (error instanceof BeneathError) return error.reason;
    throw error;
  }
}

/** What a check of the real path and an open without following would have read in the end. */
function fooled(root: string, path: string): string | undefined {
  for (let read = 0; read < 200_000; read++) {
    try {
      if (realpathSync(join(root, path)) !== join(root, path)) continue;
      const flags = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;
      const fd = openSync(join(root, path), flags);
      const text = readFileSync(fd, "utf8");
      closeSync(fd);
      if (text === secret) return text;
    } catch {
      // Swapped at that moment.
    }
  }
  return undefined;
}

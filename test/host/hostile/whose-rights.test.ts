import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test, vi } from "vitest";
import { readUnprivilegedUser } from "../../../sandbox/unprivileged-user.ts";
import { openInstallation } from "../whole/installation.ts";
import { makeRepository } from "../whole/repository.ts";
import { lastingProcesses, ownBoundingSet, type SeenProcess } from "./processes.ts";
import { capabilityMask, readRights } from "./rights-table.ts";

/** How each program of the table is told by its command line. */
const programs: Readonly<Record<string, (seen: SeenProcess) => boolean>> = {
  inside: ({ uid }) => isInside(uid),
  relay: byLine(/sandbox\/network\/relay-main\./),
  bot: byLine(/\/bot\/main\./),
  "preview proxy": byLine(/worker\/preview\/main\./),
  pictures: byLine(/^\S*node \S*screenshots\/main\./),
  browser: byLine(/^\S*chromium-headless-shell /),
  "terminal emulator": byLine(/worker\/agent\/terminal\/emulator-main\./),
  "model gateway": byLine(/worker\/gateway\/main\./),
  Redis: byLine(/^redis-server /),
  keeper: byLine(/sandbox\/keeper-main\./),
  runtime: byLine(/^\S*crun --root /),
  driver: byLine(/worker\/driver-main\./),
  worker: byLine(/^\S*node \S*worker\/main\./),
  "start of pictures": byLine(/^(unshare|tini) .*colony-pictures/s),
  "`colony up`": byLine(/worker\/cli\/main\.\w+ up /),
};

const page = readFileSync(join(import.meta.dirname, "../../../docs/whose-rights.md"), "utf8");

test("every process of a running installation has the rights that the table says, and no other is there", async () => {
  using repository = makeRepository({ "README.md": "A shop\n" });
  await using colony = await openInstallation();
  const caller = { uid: 0, gid: 0, home: "/root", env: {} };
  await colony.client.addRepository({ name: "shop", url: repository.path, caller });
  await colony.client.bindChannel("local:shop", "shop");
  const visitor = await colony.visit();
  await visitor.say(
    { channel: "shop", root: "" },
    '/colony run --agent "echo begun; sleep 600" wait',
  );
  const { uid: colonyUid } = await readUnprivilegedUser();
  const rights = readRights(page, "What stays");
  expect(rights.map(({ program }) => program)).toEqual(Object.keys(programs));

  // Everything of the table is there once, a keeper that waits for the next sandbox too.
  const seen = await vi.waitFor(
    async () => {
      const now = await lastingProcesses(colony.folder.home);
      for (const [program, is] of Object.entries(programs)) {
        expect(now.some(is), `${program} runs`).toBe(true);
      }
      return now;
    },
    { timeout: 60_000, interval: 100 },
  );
  for (const process of seen) {
    const program = Object.keys(programs).find((name) => programs[name]?.(process));
    const row = rights.find((one) => one.program === program);
    expect(row, `a row for ${process.line.slice(0, 200)}`).toBeDefined();
    if (row === undefined) continue;
    const mask = capabilityMask(page, row.capabilities, ownBoundingSet());
    const isBound = process.isInOwnNamespace || process.bounding === mask;
    expect(
      {
        user: userOf(process.uid, colonyUid),
        capabilities: process.isInOwnNamespace ? 0n : process.effective,
        noWayToMore: process.noNewPrivileges && isBound,
      },
      `${row.program}: ${process.line.slice(0, 200)}`,
    ).toEqual({ user: row.user, capabilities: mask, noWayToMore: row.noWayToMore });
    expect(isBound, `bounding set of ${row.program}`).toBe(true);
    if (row.program === "inside") expect(process.seccomp).toBe(true);
  }
});

function byLine(pattern: RegExp): (seen: SeenProcess) => boolean {
  return ({ uid, line }) => !isInside(uid) && pattern.test(line);
}

/** See `sandbox/uid-range.ts` and `sandbox/prepare.ts`: ranges, and relays above them. */
function isInside(uid: number): boolean {
  return uid >= 0x7000_0000 && uid < 0x7fff_0000;
}

function userOf(uid: number, colonyUid: number): string {
  if (uid === 0) return "root";
  if (uid === colonyUid) return "colony";
  if (isInside(uid)) return "the sandbox's range";
  return uid >= 0x7fff_0000 ? "one of its own" : `uid ${uid}`;
}

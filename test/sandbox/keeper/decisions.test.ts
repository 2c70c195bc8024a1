import { expect, test } from "vitest";
import { CappedOutput } from "../../../sandbox/capped-output.ts";
import { addGrowth, decideDisk, diskBudget } from "../../../sandbox/keeper/disk-budget.ts";
import { decideExit } from "../../../sandbox/keeper/exit.ts";
import { openFreezer } from "../../../sandbox/keeper/freezer.ts";
import { renderFstab } from "../../../sandbox/keeper/launch-script.ts";
import { LineSplitter } from "../../../sandbox/keeper/lines.ts";
import { decideTree, parseStat } from "../../../sandbox/keeper/process-tree.ts";
import { parseStart } from "../../../sandbox/keeper/start-report.ts";

const clean = { signal: null, outOfMemoryKills: 0, diskFull: false, hasBegun: true };

test.each([
  [{ code: 0 }, { exitCode: 0, signal: null, outOfMemory: false }],
  [{ code: 137 }, { exitCode: 137, signal: "SIGKILL", outOfMemory: false }],
  [{ code: 129 }, { exitCode: 129, signal: null, outOfMemory: false }],
  [
    { code: 137, outOfMemoryKills: 1 },
    { exitCode: 137, signal: "SIGKILL", outOfMemory: true },
  ],
  [
    { code: 0, outOfMemoryKills: 1 },
    { exitCode: 0, signal: null, outOfMemory: false },
  ],
  [
    { code: 1, hasBegun: false },
    { exitCode: 127, signal: null, outOfMemory: false },
  ],
  [
    { code: 137, diskFull: true },
    { exitCode: 137, signal: "SIGKILL", outOfMemory: false, diskFull: true },
  ],
])("an end %j is told as %j", (end, exit) => {
  expect(decideExit({ ...clean, ...end })).toEqual(exit);
});

test("the disk is measured when its growth could matter, and full only when measured", () => {
  const budget = diskBudget(1000);
  const state = {
    ...{ bytes: 400, files: 0, grownBytes: 0, grownFiles: 0 },
    ...{ usedBytes: 10_000, usedFiles: 5, measuredAtMs: 0, measureMs: 10 },
  };
  expect(decideDisk(state, budget, 1)).toBe("fine");
  const grown = addGrowth(state, { usedBytes: 10_500, usedFiles: 5 });
  expect(decideDisk(grown, budget, 1)).toBe("fine");
  // Shrinking elsewhere does not hide the growth before it.
  const shrunk = addGrowth(grown, { usedBytes: 2_000, usedFiles: 5 });
  const again = addGrowth(shrunk, { usedBytes: 2_200, usedFiles: 5 });
  expect(decideDisk(again, budget, 1)).toBe("measure");
  expect(decideDisk({ ...state, bytes: 1_001 }, budget, 1)).toBe("full");
  expect(decideDisk({ ...state, files: 300_000 }, budget, 1)).toBe("full");
  // Now and then, whatever the growth; seldom where walking takes long.
  expect(decideDisk(state, budget, 15_001)).toBe("measure");
  expect(decideDisk({ ...state, measureMs: 2_000 }, budget, 15_001)).toBe("fine");
});

test("a process's name cannot forge its facts", () => {
  const stat = "42 (evil) S 1 (x) R 7 8 9) S 5 42 43 0 -1 4194560 0 0 0 0 0 0 0 0 20 0 1 0 777 0";
  expect(parseStat(stat)).toEqual({ pid: 42, parent: 5, session: 43, startTime: 777 });
});

test("a tree holds descendants and the sessions that they lead, never strangers", () => {
  const facts = [
    { pid: 10, parent: 1, session: 10, startTime: 0 },
    { pid: 11, parent: 10, session: 10, startTime: 0 },
    { pid: 12, parent: 11, session: 12, startTime: 0 },
    { pid: 13, parent: 1, session: 12, startTime: 0 },
    { pid: 14, parent: 1, session: 10, startTime: 0 },
    { pid: 20, parent: 1, session: 20, startTime: 0 },
  ];
  expect(decideTree(10, facts).toSorted((left, right) => left - right)).toEqual([
    10, 11, 12, 13, 14,
  ]);
});

test("lines come whole over any cut, and not without end", () => {
  const splitter = new LineSplitter(10);
  expect(splitter.push(Buffer.from("a\nb"))).toEqual(["a"]);
  expect(splitter.push(Buffer.from("c\n\nd"))).toEqual(["bc", ""]);
  expect(() => splitter.push(Buffer.alloc(20, 120))).toThrow();
});

test("the freezer thaws when the last holder is gone", async () => {
  const acts: string[] = [];
  const freezer = openFreezer<string>({
    freeze: async () => void acts.push("freeze"),
    thaw: () => void acts.push("thaw"),
  });
  await freezer.freeze("a");
  await freezer.freeze("b");
  freezer.thaw("a");
  expect(acts).toEqual(["freeze", "freeze"]);
  freezer.release("b");
  freezer.release("b");
  expect(acts).toEqual(["freeze", "freeze", "thaw"]);
});

test("the launch script's words name the step that failed", () => {
  expect(parseStart("mounting\nstarting the runtime\nstarted\n")).toEqual({ ok: true });
  expect(parseStart("mounting\nmount: /x: bad\n")).toEqual({
    ...{ ok: false, step: "mounting", words: "mount: /x: bad" },
  });
});

test("paths with blanks are one field of the fstab; owner's uid and gid are both mapped", () => {
  const text = renderFstab({
    imagePath: "/images/a b",
    uidBase: 70_000,
    paths: { rootUpper: "/s/u", rootWork: "/s/w" },
    workspace: { kind: "folder", path: "/my\tfolder", ownerUid: 999, ownerGid: 995 },
  });
  expect(text).toContain("/images/a\\040b ");
  expect(text).toContain("/my\\011folder ");
  expect(text).toContain("X-mount.idmap=u:999:70000:1\\040g:995:70000:1");
  for (const line of text.trim().split("\n")) expect(line.split(" ")).toHaveLength(6);
});

test("capped output keeps both ends", () => {
  const output = new CappedOutput(10);
  for (const part of ["abc", "defgh", "ijklmnopqrst", "uvwxyz"]) output.push(Buffer.from(part));
  expect(output.text()).toMatch(/^abcde\n\[… 16 bytes left out …\]\nvwxyz$/);
  const short = new CappedOutput(10);
  short.push(Buffer.from("abcdefghij"));
  expect([short.text(), short.truncated]).toEqual(["abcdefghij", false]);
});

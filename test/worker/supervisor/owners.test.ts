import { expect, test } from "vitest";
import { decideOwnership } from "../../../worker/supervisor/owners.ts";
import { aTask } from "../a-task.ts";

type Changes = Parameters<typeof aTask>[0];
const kindOf = (changes: Changes, id = "k3f9ab", unknownToo = false) =>
  decideOwnership(id, { task: aTask(changes), isSpare: false }, unknownToo).kind;

test("what somebody is at is left to them", () => {
  for (const state of ["queued", "running", "landing"] as const) {
    expect(kindOf({ state, sandbox: "live" })).toBe("busy");
  }
  // Its close job tells the receipt.
  expect(kindOf({ state: "done", sandbox: "live" })).toBe("busy");
});

test("a task at rest keeps the sandbox that it counts on, and its files in any case", () => {
  for (const state of ["waiting", "review", "failed", "stopped"] as const) {
    expect(kindOf({ state, sandbox: "live" })).toBe("kept");
    expect(kindOf({ state, sandbox: "ended" })).toBe("no-sandbox");
  }
});

test("what is left of an ended task goes when its files were told to be gone", () => {
  expect(kindOf({ state: "done", sandbox: "ended", filesGone: true })).toBe("gone");
  expect(kindOf({ state: "discarded", sandbox: "ended" })).toBe("busy");
});

test("the check of a landing lives as long as the landing", () => {
  expect(kindOf({ state: "landing" }, "check-k3f9ab")).toBe("busy");
  expect(kindOf({ state: "review", sandbox: "live" }, "check-k3f9ab")).toBe("gone");
});

test("a task that nobody knows loses nothing unless a person says so; a spare never does", () => {
  const unknown = { task: undefined, isSpare: false };
  expect(decideOwnership("k3f9ab", unknown, false).kind).toBe("kept");
  expect(decideOwnership("k3f9ab", unknown, true).kind).toBe("gone");
  expect(decideOwnership("k3f9ab", { task: undefined, isSpare: true }, true).kind).toBe("kept");
});

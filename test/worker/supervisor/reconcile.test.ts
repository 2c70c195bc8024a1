import { expect, test } from "vitest";
import { decideCare } from "../../../worker/supervisor/reconcile.ts";
import { aTask } from "../a-task.ts";

const idleMs = 1_000;
const see = (
  task: ReturnType<typeof aTask>,
  hasJob = false,
  hasKeeper: boolean | undefined = true,
) => decideCare({ task, hasJob, hasKeeper }, 10_000, idleMs);

test("a task at work without a job gets one; with one it is left alone", () => {
  expect(see(aTask({ state: "running" }))?.jobs).toEqual([{ kind: "run" }]);
  expect(see(aTask({ state: "landing" }))?.jobs).toEqual([{ kind: "land" }]);
  expect(see(aTask({ state: "running" }), true)).toBeUndefined();
});

test("a question whose sandbox is gone is asked again by a new run", () => {
  const permission = { requestId: "g1-7", title: "Run it?", options: [] };
  const care = see(aTask({ state: "waiting", sandbox: "live", permission }), false, false);
  expect(care?.task.state).toBe("queued");
  expect(care?.task.permission).toBeUndefined();
  expect(care?.events.map((event) => event.type)).toEqual(["permission.expired", "task.queued"]);
});

test("a sandbox that nobody needed for a while ends; one with an open question stays", () => {
  expect(see(aTask({ state: "review", sandbox: "live", activeAtMs: 0 }))?.jobs).toEqual([
    { kind: "close" },
  ]);
  expect(see(aTask({ state: "review", sandbox: "live", activeAtMs: 9_500 }))).toBeUndefined();
  expect(see(aTask({ state: "waiting", sandbox: "live", activeAtMs: 0 }))).toBeUndefined();
});

test("a merged task whose sandbox still lives gets it closed", () => {
  expect(see(aTask({ state: "done", sandbox: "live" }))?.jobs).toEqual([{ kind: "close" }]);
  expect(see(aTask({ state: "done", sandbox: "ended" }))).toBeUndefined();
});

test("a sandbox at rest that a limit ended says so", () => {
  const task = aTask({ state: "review", sandbox: "live" });
  const sight = { task, hasJob: false, hasKeeper: false, stopped: "Its disk was full." };
  expect(decideCare(sight, 10_000, idleMs)?.events).toEqual([
    { type: "remark", sentence: "Its disk was full." },
    { type: "sandbox.ended", reason: "lost" },
  ]);
});

import { expect, test } from "vitest";
import { decideRest } from "../../../worker/supervisor/sleepers.ts";
import { aTask } from "../a-task.ts";

const sleepMs = 1_000;
const nowMs = 10_000;
const waiting = aTask({ state: "waiting", sandbox: "live", activeAtMs: 0 });
const see = (task: typeof waiting, sinceMs: number, asleep: boolean) =>
  decideRest(task, { sinceMs, asleep }, asleep, nowMs, sleepMs);

test("it sleeps when it has waited and nobody has stirred for a while", () => {
  expect(see(waiting, 9_000, false)).toBe("sleep");
  expect(see(waiting, 9_500, false)).toBe("nothing");
  expect(see({ ...waiting, activeAtMs: 9_500 }, 0, false)).toBe("nothing");
});

test("what the kernel says is written down, once", () => {
  expect(see(waiting, 0, true)).toBe("told-asleep");
  expect(see({ ...waiting, asleep: true }, 0, true)).toBe("nothing");
  expect(see({ ...waiting, asleep: true }, 0, false)).toBe("told-awake");
});

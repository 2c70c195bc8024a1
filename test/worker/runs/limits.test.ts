import { expect, test } from "vitest";
import {
  decideOver,
  decideRemarks,
  type LimitSight,
  memoryFailure,
  type RunLimits,
  sizeText,
  timeText,
} from "../../../worker/runs/limits.ts";

const gibibyte = 1024 ** 3;
const limits: RunLimits = {
  limits: {
    memoryBytes: 4 * gibibyte,
    pids: 4_096,
    cpus: 2,
    diskBytes: 10 * gibibyte,
    openFiles: 65_536,
  },
  runTimeMs: 3_600_000,
  silenceMs: 600_000,
  mostLimits: {},
};
const calm: LimitSight = {
  outOfMemoryKills: 0,
  refusedForks: 0,
  cpuMs: 1_000,
  stop: undefined,
  nowMs: 1_000_000,
  beganMs: 900_000,
  heardMs: 990_000,
  heardCpuMs: 1_000,
};

test("a run within its limits goes on", () => {
  expect(decideOver(calm, limits)).toBeUndefined();
  expect(decideRemarks(calm, calm, limits)).toEqual([]);
});

test("time: what, how much, how to raise it, and that the files are kept", () => {
  const over = decideOver({ ...calm, nowMs: 900_000 + 3_600_000, heardMs: 4_499_000 }, limits);
  expect(over).toEqual({
    kind: "limit-time",
    sentence:
      "The agent has worked for 1h, the limit on one run's time. `limits: {time: 2h}` in .colony.yml of the base branch raises it. The files are kept; Retry goes on from them.",
  });
});

test("silence counts only where the sandbox does nothing either", () => {
  const silent = { ...calm, beganMs: 0, heardMs: 300_000 };
  expect(decideOver(silent, limits)?.kind).toBe("limit-silence");
  expect(decideOver({ ...silent, cpuMs: 60_000 }, limits)).toBeUndefined();
});

test("what the administrator bounds cannot be raised by a repository", () => {
  const most = { ...limits, mostLimits: { memory: 4 * gibibyte, disk: 12 * gibibyte } };
  expect(memoryFailure(most).sentence).toContain("Only the administrator can raise it");
  expect(memoryFailure(limits).sentence).toContain("(4G). `limits: {memory: 8G}`");
  expect(decideOver({ ...calm, stop: "disk-full" }, most)?.sentence).toContain("{disk: 12G}");
});

test("a process that the kernel killed is told each time, a refused fork once", () => {
  const killed = { ...calm, outOfMemoryKills: 1 };
  expect(decideRemarks(calm, killed, limits)[0]).toMatch(/memory limit \(4G\).*killed a process/);
  const refused = { ...calm, refusedForks: 7 };
  expect(decideRemarks(calm, refused, limits)[0]).toContain("its limit of 4096 processes");
  expect(decideRemarks(refused, { ...refused, refusedForks: 9 }, limits)).toEqual([]);
});

test("sizes and times as settings write them", () => {
  expect([512 * 1024 ** 2, 1.5 * gibibyte, 4 * gibibyte].map(sizeText)).toEqual([
    ...["512M", "1.5G", "4G"],
  ]);
  expect([90_000, 1_200_000, 43_200_000].map(timeText)).toEqual(["90s", "20m", "12h"]);
});

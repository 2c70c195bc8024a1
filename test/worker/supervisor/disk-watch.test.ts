import { expect, test } from "vitest";
import { decideReserve } from "../../../worker/runs/disk-reserve.ts";
import { decideStop } from "../../../worker/supervisor/disk-watch.ts";

const gibibyte = 1024 ** 3;

test("below the reserve one sandbox is stopped, and another only while the disk fills up further", () => {
  const reserveBytes = 1_000;
  expect(decideStop({ freeBytes: 1_000, reserveBytes }, undefined)).toBe(false);
  expect(decideStop({ freeBytes: 999, reserveBytes }, undefined)).toBe(true);
  expect(decideStop({ freeBytes: 990, reserveBytes }, { freeBytes: 999 })).toBe(false);
  expect(decideStop({ freeBytes: 900, reserveBytes }, { freeBytes: 999 })).toBe(true);
});

test("the reserve is a small share of the disk, or what the administrator says", () => {
  expect(decideReserve(1_000 * gibibyte, undefined)).toBe(2 * gibibyte);
  expect(decideReserve(10 * gibibyte, undefined)).toBe(Math.floor(0.2 * gibibyte));
  expect(decideReserve(10 * gibibyte, 5)).toBe(5);
});

import { expect, test } from "vitest";
import {
  isStale,
  noteOpen,
  type SandboxShape,
  spareLifeMs,
  wantedSpares,
} from "../../../worker/pool/spare.ts";

const shape: SandboxShape = {
  binds: [],
  limits: { memoryBytes: 1, pids: 1, cpus: 1, diskBytes: 1, openFiles: 1 },
  egress: { kind: "none" },
};
const minute = 60_000;

test("a used repository has a spare, a busy one two, a quiet one none", () => {
  const once = noteOpen(undefined, shape, 0);
  expect(wantedSpares(once, minute)).toBe(1);
  const busy = noteOpen(noteOpen(once, shape, minute), shape, 2 * minute);
  expect(wantedSpares(busy, 3 * minute)).toBe(2);
  expect(wantedSpares(busy, 10 * minute)).toBe(1);
  expect(wantedSpares(busy, 2 * minute + spareLifeMs)).toBe(0);
});

test("a spare of an older shape, or too old, is for nobody", () => {
  const use = noteOpen(undefined, shape, 0);
  const spare = { url: "/srv/shop.git", shape: { ...shape }, madeAtMs: 0 };
  expect(isStale(spare, use, minute)).toBe(false);
  expect(isStale(spare, use, spareLifeMs + 1)).toBe(true);
  expect(isStale(spare, undefined, minute)).toBe(true);
  const more = { ...shape, limits: { ...shape.limits, pids: 2 } };
  expect(isStale(spare, noteOpen(use, more, minute), minute)).toBe(true);
});

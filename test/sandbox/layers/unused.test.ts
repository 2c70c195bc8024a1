import { expect, test } from "vitest";
import { decideUnused, type UsedLayer } from "../../../sandbox/layers/unused.ts";
import { layerKey } from "../../../sandbox/layers/wanted.ts";

function layer(key: string, usedAtMs: number, parent: string | null = null, bytes = 10): UsedLayer {
  return { key, usedAtMs, parent, bytes };
}

test("nothing goes while all are within the bound", () => {
  expect(decideUnused([layer("a", 1), layer("b", 2)], new Set(), 20)).toEqual([]);
});

test("the longest unused goes first, and no more than has to", () => {
  const all = [layer("new", 3), layer("old", 1), layer("middle", 2)];
  expect(decideUnused(all, new Set(), 20)).toEqual(["old"]);
  expect(decideUnused(all, new Set(), 15)).toEqual(["old", "middle"]);
});

test("never one in use, though the bound is not kept then", () => {
  expect(decideUnused([layer("a", 1), layer("b", 2)], new Set(["a"]), 0)).toEqual(["b"]);
});

test("one that carries another goes only after it", () => {
  const all = [layer("below", 1), layer("above", 2, "below"), layer("other", 3)];
  expect(decideUnused(all, new Set(), 25)).toEqual(["above"]);
  expect(decideUnused(all, new Set(["above"]), 25)).toEqual(["other"]);
  expect(decideUnused(all, new Set(), 15)).toEqual(["above", "below"]);
});

test("a key stands for everything that decides, and for nothing else", () => {
  const step = {
    name: "setup",
    command: "a",
    inputs: ["1", "2"],
    env: { A: "1", B: "2" },
    inWorkspace: true,
  };
  const key = layerKey("image", "below", step);
  expect(layerKey("image", "below", { ...step, inputs: ["2", "1"], env: { B: "2", A: "1" } })).toBe(
    key,
  );
  const others = [
    layerKey("image 2", "below", step),
    layerKey("image", undefined, step),
    layerKey("image", "below", { ...step, command: "b" }),
    layerKey("image", "below", { ...step, inputs: ["1"] }),
    layerKey("image", "below", { ...step, env: { A: "1" } }),
    layerKey("image", "below", { ...step, inWorkspace: false }),
  ];
  expect(new Set([key, ...others]).size).toBe(7);
});

import { expect, test } from "vitest";
import { parseTotal } from "../../../sandbox/keeper/disk-watch.ts";

test("the total is the last line; a walk that was cut short has none, and none is not nothing", () => {
  expect(parseTotal("4096\t/a\n8192\t/b\n12288\ttotal\n")).toBe(12_288);
  expect(parseTotal("0\ttotal\n")).toBe(0);
  expect(() => parseTotal("")).toThrow("could not be counted");
  expect(() => parseTotal("4096\t/a\n81")).toThrow("could not be counted");
  expect(() => parseTotal("4096\t/folder with 9\ttotal\nand more\n")).toThrow();
});

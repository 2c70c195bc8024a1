import { expect, test } from "vitest";
import {
  findLeftoverMarkers,
  parseConflictRegions,
  renderRegions,
} from "../../../sandbox/workspace/conflict-markers.ts";

const twoConflicts = `first
<<<<<<< main
their 2
their 3
||||||| base
old
=======
mine
>>>>>>> change
middle
<<<<<<< main
||||||| base
gone
=======
gone, edited
>>>>>>> change
last`;

test("lines are counted as the base's own file counts them", () => {
  const regions = parseConflictRegions(twoConflicts);
  expect(regions).toEqual([
    { firstLine: 2, lastLine: 3, emptySide: false },
    { firstLine: 5, lastLine: 5, emptySide: true },
  ]);
  expect(renderRegions(regions)).toBe("2-3, 5");
});

test("a text without conflicts has none, a heading underlined with = among them", () => {
  expect(parseConflictRegions("Title\n=======\n|||||||\n>>>>>>> x\n")).toEqual([]);
});

test.each([
  ["end markers gone", "<<<<<<< a\nx\n=======\ny\n", [1, 3]],
  ["indented by a formatter", "x\n  ||||||| base\n\t>>>>>>> c\n", [2, 3]],
  ["jj's own style", "%%%%%%% diff\n+++++++ side\n------- side\n\\\\\\\\\\\\\\ to\n", [1, 2, 3, 4]],
  ["nothing left", "a ======= b\n<<<<<< six\n=======x\n", []],
])("leftover markers: %s", (_name, text, lines) => {
  expect(findLeftoverMarkers(text, [])).toEqual(lines);
});

test("a line that a side had is no leftover", () => {
  expect(findLeftoverMarkers("Title\n=======\n", ["Title\n=======\n"])).toEqual([]);
  expect(findLeftoverMarkers("Title\n=======\n", ["Title\n"])).toEqual([2]);
});

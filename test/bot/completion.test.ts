import { expect, test } from "vitest";
import { completedWords } from "../../bot/commands/words.ts";
import { complete } from "../../bot/local/page/completion.ts";

const labels = (typed: string, inThread = false) =>
  complete(typed, completedWords, ["bakery", "shop"], inThread).map((one) => one.label);

test("`/` offers the words of the place", () => {
  expect(labels("/")).toContain("/colony run <request>");
  expect(labels("/")).not.toContain("/colony merge");
  expect(labels("/", true)).toContain("/colony merge");
  expect(labels("/", true)).not.toContain("/colony run <request>");
});

test("what is typed narrows them, with and without `colony`", () => {
  expect(labels("/ru")).toEqual(["/colony run <request>"]);
  expect(labels("/colony st")).toEqual(["/colony status"]);
  expect(labels("/colony run fix")).toEqual([]);
  expect(labels("hello /")).toEqual([]);
});

test("`use` completes the repositories that are known", () => {
  expect(labels("/colony use ba")).toEqual(["bakery"]);
});

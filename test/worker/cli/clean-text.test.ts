import { expect, test } from "vitest";
import { cleanLine, cleanText } from "../../../worker/cli/show/clean-text.ts";

test.each([
  ["colours", "\x1b[31mred\x1b[0m", "red"],
  ["clearing the screen", "a\x1b[2J\x1b[Hb", "ab"],
  ["a window's title", "\x1b]0;owned\x07text", "text"],
  ["a title without end", "text\x1b]0;owned", "text"],
  ["a link", "\x1b]8;;http://evil.test\x1b\\here\x1b]8;;\x1b\\", "here"],
  ["one-letter sequences", "a\x1bcb\x1b(0c", "abc"],
  ["eight-bit sequences", "a\x9b31mb", "a31mb"],
  ["a lone escape", "a\x1b", "a"],
  ["going back", "visible\rhidden\b\b", "visiblehidden"],
  ["turned text", "a\u202eb\u2066c", "abc"],
])("%s is not passed on", (_, text, clean) => {
  expect(cleanText(text)).toBe(clean);
});

test("text of any script stays as it is", () => {
  const text = "größer 漢字 עברית 🐜\n\ttab";
  expect(cleanText(text)).toBe(text);
});

test("a line is one line, cut between characters", () => {
  expect(cleanLine("a\n\n b\tc")).toBe("a b c");
  expect(cleanLine("🐜🐜🐜🐜", 3)).toBe("🐜🐜…");
});

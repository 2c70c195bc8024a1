import { expect, test } from "vitest";
import {
  cleanLines,
  code,
  conflictSentence,
  cut,
  firstLine,
  lengthOf,
  oneLine,
  plain,
  sizeOf,
} from "../../bot/replies/wording.ts";

test("untrusted text as code ends where it should", () => {
  expect(code("a.ts")).toBe("`a.ts`");
  expect(code("a`b``c")).toBe("``` a`b``c ```");
  expect(code("two\nlines\u001b[31m")).toBe("`two lines [31m`");
});

test("untrusted text in a sentence is no Markdown, and keeps its direction", () => {
  expect(plain("**bold** [x](y) <b>")).toBe("\\*\\*bold\\*\\* \\[x\\](y) \\<b\\>");
  expect(oneLine("evil\u202egnp.exe\u0000")).toBe("evilgnp.exe");
  expect(cleanLines("a\r\nb\u0007\u001b[0m\tc")).toBe("a\nb[0m\tc");
});

test("lengths and sizes as people say them", () => {
  expect([900, 59_400, 192_000, 7_260_000].map(lengthOf)).toEqual([
    "1s",
    "59s",
    "3m 12s",
    "2h 01m",
  ]);
  expect([12, 2_048, 48_300_000].map(sizeOf)).toEqual(["12 B", "2 KB", "46.1 MB"]);
  expect(cut("a long sentence", 7)).toBe("a long…");
  expect(firstLine("\n\n  first \nsecond")).toBe("first");
});

test("a conflict names file, lines and whose change", () => {
  const sentence = conflictSentence({ path: "a.html", lines: "7", withTitle: "Book a table" });
  expect(sentence).toBe("`a.html`, line 7, conflicts with “Book a table”.");
  expect(conflictSentence({ path: "a", lines: "" })).toBe(
    "`a` conflicts with a change that landed meanwhile.",
  );
});

import { expect, test } from "vitest";
import { parseSkipped, pathFileset } from "../../../sandbox/workspace/jj-text.ts";
import { withoutNested } from "../../../sandbox/workspace/nested.ts";

test("a path is quoted as jj reads it", () => {
  expect(pathFileset('a"b\\c\n\u001b[0m')).toBe('root-file:"a\\"b\\\\c\\x0a\\x1b[0m"');
});

test("warnings of a snapshot", () => {
  const stderr = `Warning: Refused to snapshot some files:
  big: odd (name).bin: 2.9MiB (3000000 bytes); the maximum size allowed is 1.0MiB (1048576 bytes)
Hint: This is to prevent large files from being added by accident.
  - Run jj config set
Warning: Skipped some paths because they are not valid UTF-8:
  sub: "bad\\xFF"
`;
  expect(parseSkipped(stderr)).toEqual({
    tooLarge: [{ path: "big: odd (name).bin", bytes: 3_000_000 }],
    notUtf8: ['sub: "bad\\xFF"'],
  });
});

test("files of a nested repository are neither deleted nor renamed away", () => {
  const counts = { added: 1, removed: 1 };
  const files = [
    { path: "lib/a", status: "removed", ...counts },
    { path: "library/a", status: "removed", ...counts },
    { path: "new", from: "lib/b", status: "renamed", ...counts },
  ] as const;
  expect(withoutNested(files, ["lib"])).toEqual([
    { path: "library/a", status: "removed", ...counts },
    { path: "new", status: "added", ...counts },
  ]);
});

import { expect, test } from "vitest";
import { parseDiff } from "../../bot/local/page/diff-parse.ts";

const diff = `diff --git a/a.txt b/a.txt
index 1..2 100644
--- a/a.txt
+++ b/a.txt
@@ -1,3 +1,3 @@ context
 same
--- not a header
+++ not a header either
 last
\\ No newline at end of file
diff --git a/new.txt b/new.txt
new file mode 100644
--- /dev/null
+++ b/new.txt
@@ -0,0 +1 @@
+one
diff --git a/pic.png b/pic.png
Binary files a/pic.png and b/pic.png differ
`;

test("files, counts and numbers; lines that look like headers stay lines", () => {
  const [text, fresh, picture] = parseDiff(diff);
  expect(text).toMatchObject({ path: "a.txt", added: 1, removed: 1 });
  expect(text?.lines.map((line) => [line.kind, line.text, line.before, line.after])).toEqual([
    ["hunk", "context", undefined, undefined],
    ["same", "same", 1, 1],
    ["minus", "-- not a header", 2, undefined],
    ["plus", "++ not a header either", undefined, 2],
    ["same", "last", 3, 3],
  ]);
  expect(fresh).toMatchObject({ path: "new.txt", note: "new", added: 1 });
  expect(picture).toMatchObject({ path: "pic.png", note: "binary" });
});

test("nonsense gives no files, and no error", () => {
  expect(parseDiff("hello\n@@ -1 +1 @@\n+x")).toEqual([]);
});

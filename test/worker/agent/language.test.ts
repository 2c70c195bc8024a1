import { expect, test } from "vitest";
import { parseScript } from "../../../worker/agent/scripted/language.ts";
import { decideScript, stories } from "../../../worker/agent/scripted/stories.ts";

test("each directive is read, one a line or several in a line", () => {
  const script = parseScript(
    String.raw`plan one; two
write a/b.txt: first\nsecond
append a.txt: more ;; remove old.txt
replace in by by in c.txt
replace /<b>[^<]*/ by <b>x in the middle in d.html
run npm test && echo ok
start node server.mjs on 3000 ;; serve 8080
ask May I ;; sleep 0.5 ;; settle ;; fail because`,
  );
  expect(script).toEqual([
    { kind: "plan", entries: ["one", "two"] },
    { kind: "write", path: "a/b.txt", text: "first\nsecond\n" },
    { kind: "append", path: "a.txt", text: "more\n" },
    { kind: "remove", path: "old.txt" },
    { kind: "replace", path: "c.txt", from: "in", to: "by" },
    { kind: "replace", path: "d.html", from: "/<b>[^<]*/", to: "<b>x in the middle" },
    { kind: "run", command: "npm test && echo ok" },
    { kind: "start", command: "node server.mjs", port: 3000 },
    { kind: "serve", port: 8080 },
    { kind: "ask", title: "May I" },
    { kind: "sleep", seconds: 0.5 },
    { kind: "settle" },
    { kind: "fail", text: "because" },
  ]);
});

test.each([
  "Write a poem: it should rhyme",
  "Run the tests and mend what fails",
  "Remove the old footer, please",
  "Replace tabs by spaces in every file of the project",
  "serve the page on some port",
  "hang the pictures",
])("a sentence is no directive: %s", (sentence) => {
  expect(parseScript(sentence)).toEqual([]);
});

test("requests of the demo find their story, others an honest answer", () => {
  const told = (request: string): string =>
    JSON.stringify(decideScript(request).find((one) => one.kind === "plan" || one.kind === "say"));
  expect(told("Give the page a new headline and a warm colour theme")).toContain("headline");
  expect(told("Add opening hours that say whether it is open now")).toContain("opening hours");
  expect(told("Reword the button to Order online")).toContain("button");
  expect(told("Please settle the conflict")).toContain("Settle");
  const afterConflict =
    'keep both\n\nYour change conflicts with what was merged: against "button to table"';
  expect(told(afterConflict)).toContain("Settle");
  expect(told("Rewrite the kernel in Rust")).toContain("I ask no model");
});

test("every line of every story is a directive", () => {
  for (const story of stories) {
    const lines = story.script.trim().split("\n");
    expect(parseScript(story.script), story.name).toHaveLength(lines.length);
  }
});

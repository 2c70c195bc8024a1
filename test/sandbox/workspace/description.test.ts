import { expect, test } from "vitest";
import {
  readTrailer,
  renderAuthor,
  renderDescription,
  renderTitle,
} from "../../../sandbox/workspace/description.ts";

test("title and trailers", () => {
  const text = renderDescription("Add a\nbutton", {
    "Task-Id": "t-1",
    Agent: "codex\nTask-Id: t-2",
  });
  expect(text).toBe("Add a button\n\nTask-Id: t-1\nAgent: codex Task-Id: t-2\n");
  expect(readTrailer(text, "Task-Id")).toBe("t-1");
});

test("a trailer in the title or the body is none", () => {
  expect(readTrailer("Task-Id: t-1", "Task-Id")).toBeUndefined();
  expect(readTrailer("Title\n\nTask-Id: t-1\n\nSigned-off-by: a", "Task-Id")).toBeUndefined();
});

test("titles of any length and script are one short line", () => {
  expect(renderTitle(" \n\t ")).toBe("Change without a title");
  expect(Array.from(renderTitle("🙂".repeat(100_000)))).toHaveLength(100);
  expect(renderTitle("a\u001b[31m\r\nb")).toBe("a [31m b");
});

test("an author cannot break out of the line", () => {
  expect(renderAuthor({ name: "A <x>\nB", email: "<a b@c>\n" })).toBe("A x B <ab@c>");
  expect(renderAuthor({ name: "", email: " " })).toBe("Unknown <unknown@localhost>");
});

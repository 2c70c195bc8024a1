import { expect, test } from "vitest";
import { renderConsole } from "../../screenshots/console-text.ts";

test("an object is shown by its members, an error by what happened", () => {
  const text = renderConsole([
    { type: "string", value: "Warning: %s has %d of" },
    { type: "string", value: "List" },
    { type: "number", value: 3 },
    {
      type: "object",
      preview: {
        type: "object",
        overflow: true,
        properties: [
          { name: "a", type: "number", value: "1" },
          { name: "b", type: "string", value: "x" },
        ],
      },
    },
    { type: "object", subtype: "error", description: "TypeError: no\n    at f (x.js:1:1)" },
    { type: "object", subtype: "null", value: null },
    { type: "undefined" },
  ]);
  expect(text).toBe('Warning: List has 3 of {a: 1, b: "x", …} TypeError: no null undefined');
});

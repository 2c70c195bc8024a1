import { expect, test } from "vitest";
import { parseAdminSettings } from "../../../worker/settings/admin-settings.ts";

test("runtime and minimum are taken", () => {
  expect(parseAdminSettings("runtime: runc\nminimum: [memory, uid-range]\n")).toEqual({
    runtime: "runc",
    minimum: ["memory", "uid-range"],
  });
  expect(parseAdminSettings("runtime: /opt/bin/runsc\n").runtime).toBe("/opt/bin/runsc");
});

test.each([
  ["minimum: [freze]", /`freze`.*Did you mean `freeze`/],
  ["minimum: memory", /a list of guarantees/],
  ["runtime: ../runc", /name of an OCI runtime/],
  ["runtime: run c", /name of an OCI runtime/],
  ["runtime: ''", /name of an OCI runtime/],
])("refused: %s", (text, sentence) => {
  expect(() => parseAdminSettings(text)).toThrow(sentence);
});

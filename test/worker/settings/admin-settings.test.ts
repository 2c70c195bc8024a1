import { expect, test } from "vitest";
import { parseAdminSettings } from "../../../worker/settings/admin-settings.ts";

test("addresses are ranges, and limits of traffic are taken", () => {
  expect(
    parseAdminSettings(
      "egressAddresses: [10.1.2.3, 192.0.2.0/24, 'fd00::/8']\nlimits: {traffic: 1G, connections: 9, bandwidth: 2M}\n",
    ),
  ).toEqual({
    egressAddresses: ["10.1.2.3/32", "192.0.2.0/24", "fd00::/8"],
    limits: { traffic: 1024 ** 3, connections: 9, bandwidth: 2 * 1024 ** 2 },
  });
});

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
  ["egressAddresses: [10.1.2.3/33]", /addresses or ranges that sandboxes may reach/],
  ["egressAddresses: [example.com]", /addresses or ranges that sandboxes may reach/],
  ["egressAddresses: 10.1.2.3", /addresses or ranges that sandboxes may reach/],
  ["runtime: ../runc", /name of an OCI runtime/],
  ["runtime: run c", /name of an OCI runtime/],
  ["runtime: ''", /name of an OCI runtime/],
])("refused: %s", (text, sentence) => {
  expect(() => parseAdminSettings(text)).toThrow(sentence);
});

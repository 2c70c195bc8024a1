import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { guarantees, renderGuaranteeRows } from "../../../sandbox/guarantees/guarantees.ts";
import { probes } from "../../host/abuse/all-probes.ts";
import { contained } from "../../host/abuse/contained.ts";
import { exhaustionProbes } from "../../host/abuse/probes/exhaustion.ts";

const top = join(import.meta.dirname, "../../..");

/** Without the padding that a formatter may like. */
function tidy(line: string): string {
  return line.replace(/\s+/g, " ").trim();
}

const [, section = ""] = readFileSync(join(top, "README.md"), "utf8").split(
  "## What isolates, and what does not\n",
);
const lines = (section.split("\n## ")[0] ?? "").split("\n").map(tidy);

test("README has the table's rows, all of them and no other", () => {
  const rows = lines.filter((line) => line.startsWith("| `"));
  expect(rows).toEqual(renderGuaranteeRows().map(tidy));
});

test("README names what gets through, and how many are tried", () => {
  const listed = lines.filter((line) => line.startsWith("- "));
  expect(listed).toEqual(contained.map(({ name, why }) => `- ${name}: ${why}`));
  expect(section).toContain(`${probes.length + exhaustionProbes.length + 1} probes`);
});

test.each(guarantees)("the test of $name is there", ({ test: [file, title] }) => {
  expect(readFileSync(join(top, "test/host", file), "utf8")).toContain(`"${title}`);
});

import { expect, test } from "vitest";
import { countResults } from "../../count-reporter.ts";

type Modules = Parameters<typeof countResults>[0];

function file(state: string, tests: readonly string[]): Modules[number] {
  const allTests = () => tests.map((result) => ({ result: () => ({ state: result }) }));
  return { state: () => state, children: { allTests } } as unknown as Modules[number];
}

test("counts tests, files that do not load, and stray errors", () => {
  const modules = [
    file("passed", ["passed", "passed", "skipped"]),
    file("failed", ["failed", "passed"]),
    file("failed", []),
  ];
  expect(countResults(modules, 1)).toEqual({ passed: 3, failed: 3, skipped: 1 });
});

test("a file whose hook failed after its tests passed is a failure", () => {
  expect(countResults([file("failed", ["passed"])], 0)).toEqual({
    passed: 1,
    failed: 1,
    skipped: 0,
  });
});

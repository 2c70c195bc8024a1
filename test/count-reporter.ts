import type { Reporter, SerializedError, TestModule } from "vitest/node";

/** Counts for the last line: a file that cannot be loaded and a stray error are failures too. */
export function countResults(
  modules: readonly Pick<TestModule, "state" | "children">[],
  strayErrors: number,
): { passed: number; failed: number; skipped: number } {
  const count = { passed: 0, failed: strayErrors, skipped: 0 };
  for (const module of modules) {
    const tests = [...module.children.allTests()];
    for (const test of tests) {
      const { state } = test.result();
      if (state === "passed") count.passed++;
      else if (state === "failed") count.failed++;
      else count.skipped++;
    }
    const anyFailed = tests.some((test) => test.result().state === "failed");
    if (module.state() === "failed" && !anyFailed) count.failed++;
  }
  return count;
}

/** Ends the output with the line `N passed, N failed`, and fails a run without any test. */
export default class CountReporter implements Reporter {
  onTestRunEnd(modules: readonly TestModule[], errors: readonly SerializedError[]): void {
    const { passed, failed, skipped } = countResults(modules, errors.length);
    if (failed > 0 || passed === 0) process.exitCode = 1;
    const skippedLine = skipped > 0 ? `${skipped} skipped\n` : "";
    process.stdout.write(`${skippedLine}${passed} passed, ${failed} failed\n`);
  }
}

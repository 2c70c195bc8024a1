import { describe, expect, test } from "vitest";
import { failureSentence } from "../../../worker/runs/layer-failure.ts";
import { decidesSetup } from "../../../worker/runs/layer-inputs.ts";
import { effectiveSettings } from "../../../worker/settings/effective-settings.ts";

describe("files that decide what setup makes", () => {
  test.each([
    ["package-lock.json", "npm ci"],
    ["apps/web/package.json", "npm ci"],
    ["requirements-dev.txt", "pip install -r requirements-dev.txt"],
    ["sub/.gitignore", "true"],
    ["tools/setup.sh", "./tools/setup.sh --all"],
    ["tools/lib/common.sh", "sh tools/lib/common.sh; true"],
    ["vendor/a/b.c", "make -C vendor"],
    ["vendor/a/b.c", "cp -r ./vendor/ /opt"],
  ])("%s, of `%s`", (path, setup) => {
    expect(decidesSetup(path, setup)).toBe(true);
  });
  test.each([
    ["src/main.js", "npm ci"],
    ["README.md", "npm ci ."],
    ["tools/other.sh", "./tools/setup.sh"],
    ["vendors/a", "make -C vendor"],
    ["my-package-lock.json", "npm ci"],
  ])("not %s, of `%s`", (path, setup) => {
    expect(decidesSetup(path, setup)).toBe(false);
  });
});

describe("how a failure is told", () => {
  const settings = effectiveSettings({ limits: { setupTime: 90_000 } }, {});
  const failed = {
    step: "setup",
    command: "npm ci",
    exitCode: 3,
    output: "",
    reason: "failed",
  } as const;
  const told = (changes: Partial<Parameters<typeof failureSentence>[0]>) =>
    failureSentence({ ...failed, ...changes }, settings);

  test("which command, and how it ended", () => {
    expect(told({})).toBe("`setup` failed (exit 3): npm ci");
    expect(told({ reason: "timed-out" })).toMatch(
      /time limit of 90 s; `limits\.setupTime`.*: npm ci$/,
    );
    expect(told({ reason: "out-of-memory" })).toMatch(/memory limit of 4 GB; `limits\.memory`/);
    expect(told({ reason: "sandbox-full" })).toMatch(/outgrew the sandbox's 10 GB; `limits\.disk`/);
    expect(told({ reason: "host-full" })).toMatch(/^This host's disk is full.*Retry goes on/);
  });

  test("packages that apt does not know are named", () => {
    const output = [
      "E: Unable to locate package nope-a",
      "E: Package 'nope-b' has no installation candidate",
      "E: Version '9' for 'nope-c' was not found",
      "E: Unable to locate package nope-a",
    ].join("\n");
    expect(told({ step: "packages", output })).toBe(
      "`image.packages` in .colony.yml names what apt does not know here: nope-a, nope-b, nope-c.",
    );
    expect(told({ step: "packages", output: "E: Failed to fetch" })).toBe(
      "`image.packages` failed (exit 3):",
    );
    // A set-up's own words are not taken for apt's.
    expect(told({ output })).toBe("`setup` failed (exit 3): npm ci");
  });
});

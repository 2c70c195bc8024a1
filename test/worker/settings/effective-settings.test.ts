import { expect, test } from "vitest";
import { parseAdminSettings } from "../../../worker/settings/admin-settings.ts";
import { effectiveSettings } from "../../../worker/settings/effective-settings.ts";
import { parseRepositorySettings } from "../../../worker/settings/repository-settings.ts";

const decide = (repository: string, admin = "") =>
  effectiveSettings(parseRepositorySettings(repository), parseAdminSettings(admin));

test("the defaults are generous and reach only registries", () => {
  expect(decide("")).toMatchObject({
    agent: undefined,
    permissions: "bypass",
    egress: { kind: "packages", alsoNames: [] },
    limits: {
      memoryBytes: 4 * 1024 ** 3,
      pids: 4096,
      cpus: 2,
      diskBytes: 10 * 1024 ** 3,
      openFiles: 65_536,
    },
    preview: { path: "/" },
    remarks: [],
  });
});

test("the repository may take less and more than the defaults", () => {
  const { limits } = decide("limits: {memory: 8G, pids: 64}");
  expect(limits).toMatchObject({ memoryBytes: 8 * 1024 ** 3, pids: 64 });
});

test("the administrator's maxima hold for wishes and defaults, and a cut wish is told", () => {
  const settings = decide("limits: {memory: 8G}", "limits: {memory: 1G, pids: 100}");
  expect(settings.limits).toMatchObject({ memoryBytes: 1024 ** 3, pids: 100 });
  expect(settings.remarks).toHaveLength(1);
  expect(settings.remarks[0]).toContain("`memory`");
});

test("the administrator's agent stands in for none", () => {
  expect(decide("", "agent: codex").agent).toBe("codex");
  expect(decide("agent: claude", "agent: codex").agent).toBe("claude");
});

test.each([
  ["", "", "bypass"],
  ["", "permissions: ask", "ask"],
  ["permissions: bypass", "", "bypass"],
  ["permissions: bypass", "permissions: ask", "ask"],
  ["", "permissions: bypass", "bypass"],
  ["permissions: ask", "permissions: bypass", "ask"],
])("permissions of %j under %j are %s", (repository, admin, permissions) => {
  expect(decide(repository, admin).permissions).toBe(permissions);
});

const packages = { kind: "packages", alsoNames: [] };
test.each([
  ["open", "open", { kind: "open" }, false],
  ["open", "packages", packages, true],
  ["open", "none", { kind: "none" }, true],
  ["packages", "none", { kind: "none" }, true],
  ["none", "open", { kind: "none" }, false],
  ["[a.example.com]", "packages", { kind: "none" }, true],
  ["[packages, a.example.com]", "packages", packages, true],
  [
    "[packages, a.example.com, b.test]",
    "[packages, '*.example.com']",
    { kind: "packages", alsoNames: ["a.example.com"] },
    true,
  ],
  [
    "[a.example.com]",
    "[a.example.com, b.test]",
    { kind: "names", names: ["a.example.com"] },
    false,
  ],
  ["['*.example.com']", "[a.example.com]", { kind: "none" }, true],
  [
    "['*.x.example.com']",
    "['*.example.com']",
    { kind: "names", names: ["*.x.example.com"] },
    false,
  ],
  ["[evilexample.com]", "['*.example.com']", { kind: "none" }, true],
  ["['git.example.com:22']", "['*.example.com']", { kind: "none" }, true],
  [
    "['git.example.com:22']",
    "['*.example.com:22']",
    { kind: "names", names: ["git.example.com:22"] },
    false,
  ],
  [
    "[open, 'git.example.com:22', a.test]",
    "open",
    { kind: "open", alsoNames: ["git.example.com:22"] },
    false,
  ],
  ["[example.com]", "['*.example.com']", { kind: "none" }, true],
])("egress %s within %s", (wish, bound, egress, told) => {
  const settings = decide(`egress: ${wish}`, `egress: ${bound}`);
  expect(settings.egress).toEqual(egress);
  expect(settings.remarks.length > 0).toBe(told);
});

test("a bound is no remark for a repository that wished nothing", () => {
  expect(decide("", "egress: none")).toMatchObject({ egress: { kind: "none" }, remarks: [] });
});

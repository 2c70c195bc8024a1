import { expect, test } from "vitest";
import {
  decideLacking,
  demandMinimum,
  type GuaranteeFacts,
  MinimumError,
  readGuaranteeFacts,
} from "../../../sandbox/guarantees/lacking.ts";

const controllers = ["memory", "pids", "cpu", "freezer"];
const full: GuaranteeFacts = {
  layout: {
    kind: "v1",
    hierarchies: [{ path: "/sys/fs/cgroup/all", version: 1, controllers }],
  },
  v2Controllers: [],
  limitsSwap: true,
  hasSwap: true,
  namespaces: { mnt: 10, pid: 10, ipc: 10, uts: 10, net: 10, user: 10, cgroup: 10 },
  seccompActions: ["kill_process", "errno", "allow"],
  hasSeccompList: true,
  hasUser: true,
};

function lacking(changes: Partial<GuaranteeFacts>): string[] {
  return decideLacking({ ...full, ...changes })
    .map(({ name }) => name)
    .filter((name) => name !== "disk-quota");
}

test("a host that has all lacks only the quota, which none has", () => {
  expect(decideLacking(full).map(({ name }) => name)).toEqual(["disk-quota"]);
});

test.each<[Partial<GuaranteeFacts>, string[]]>([
  [{ namespaces: { ...full.namespaces, user: 0 } }, ["namespaces", "uid-range"]],
  [{ namespaces: { ...full.namespaces, net: 0 } }, ["namespaces"]],
  [{ seccompActions: [""] }, ["seccomp"]],
  [{ hasSeccompList: false }, ["seccomp"]],
  [{ limitsSwap: false }, ["memory"]],
  [{ limitsSwap: false, hasSwap: false }, []],
  [{ hasUser: false }, ["network", "keys"]],
  [
    { layout: { kind: "v1", hierarchies: [] } },
    ["memory", "pids", "cpu", "freeze", "nothing-left"],
  ],
  [
    {
      layout: {
        kind: "v2",
        hierarchies: [{ path: "/sys/fs/cgroup", version: 2, controllers: [] }],
      },
      v2Controllers: ["memory", "pids"],
    },
    ["cpu"],
  ],
  [
    {
      layout: {
        kind: "v1",
        hierarchies: [{ path: "/x", version: 1, controllers: ["memory", "pids", "cpu"] }],
      },
    },
    ["freeze"],
  ],
])("lacking with %j: %j", (changes, expected) => {
  expect(lacking(changes)).toEqual(expected);
});

test("what is demanded and lacking is refused in one sentence, with what mends it", () => {
  const found = decideLacking({ ...full, seccompActions: [] });
  expect(() => demandMinimum(["memory", "pids"], found)).not.toThrow();
  expect(() => demandMinimum(["memory", "seccomp"], found)).toThrow(MinimumError);
  expect(() => demandMinimum(["seccomp"], found)).toThrow(
    /`seccomp`: the kernel has no seccomp filters \(boot a kernel/,
  );
});

test("this very host can be read", () => {
  expect(readGuaranteeFacts().layout.hierarchies.length).toBeGreaterThan(0);
});

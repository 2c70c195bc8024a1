import { expect, test } from "vitest";
import {
  allFolders,
  controllerFolder,
  decideNotEnforced,
  parseCgroupLayout,
} from "../../../sandbox/cgroups/layout.ts";

const v2 = "30 23 0:26 / /sys/fs/cgroup rw,nosuid shared:4 - cgroup2 cgroup2 rw,nsdelegate";
const hybrid = [
  "31 23 0:28 / /sys/fs/cgroup rw - tmpfs tmpfs rw,mode=755",
  "35 31 0:32 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory",
  "39 31 0:36 / /sys/fs/cgroup/pids rw - cgroup cgroup rw,pids",
  "40 31 0:37 / /sys/fs/cgroup/systemd rw - cgroup cgroup rw,xattr,name=systemd",
  "41 31 0:38 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw",
].join("\n");

test("v2 alone", () => {
  const layout = parseCgroupLayout(v2);
  expect(layout.kind).toBe("v2");
  expect(controllerFolder(layout, "memory", "a/b")).toBe("/sys/fs/cgroup/a/b");
  expect(decideNotEnforced(layout, ["memory", "pids", "cpu"])).toEqual([]);
  expect(decideNotEnforced(layout, ["memory", "pids"])).toEqual([
    expect.stringContaining("Processor time"),
  ]);
});

test("v1 with a v2 mount beside it", () => {
  const layout = parseCgroupLayout(hybrid);
  expect(layout).toMatchObject({ kind: "hybrid", hybridMount: "/sys/fs/cgroup/unified" });
  expect(controllerFolder(layout, "memory", "x")).toBe("/sys/fs/cgroup/memory/x");
  expect(controllerFolder(layout, "freezer", "x")).toBeUndefined();
  expect(allFolders(layout, "x")).toHaveLength(4);
  const missing = decideNotEnforced(layout, []);
  expect(missing).toHaveLength(2);
  expect(missing.join()).toContain("freezer");
});

test("a hierarchy under another mount is none", () => {
  const over = "99 41 0:77 / /sys/fs/cgroup/unified rw - tmpfs tmpfs rw,size=1m";
  const layout = parseCgroupLayout(`${hybrid}\n${over}`);
  expect(layout.kind).toBe("v1");
  expect(allFolders(layout, "x")).toHaveLength(3);
});

test("v1 alone", () => {
  const layout = parseCgroupLayout(hybrid.split("\n").slice(0, 4).join("\n"));
  expect(layout.kind).toBe("v1");
  expect(layout.hybridMount).toBeUndefined();
});

import { join } from "node:path";

/** One mounted hierarchy of cgroups. */
export interface Hierarchy {
  readonly path: string;
  readonly version: 1 | 2;
  /** `memory`, `pids`, … or `name=systemd`; empty for v2. */
  readonly controllers: readonly string[];
}

/** How this host's cgroups are mounted. */
export interface CgroupLayout {
  readonly kind: "v2" | "v1" | "hybrid";
  readonly hierarchies: readonly Hierarchy[];
  /** Path of a v2 mount beside v1 ones: crun refuses the host while it sees a controller there. */
  readonly hybridMount?: string;
}

/** Reads the layout out of `/proc/self/mountinfo`. */
export function parseCgroupLayout(mountinfo: string): CgroupLayout {
  const hierarchies = new Map<string, Hierarchy>();
  for (const line of mountinfo.split("\n")) {
    const [left, right] = line.split(" - ");
    const path = left?.split(" ")[4];
    const [type, , options] = right?.split(" ") ?? [];
    if (path === undefined || !path.startsWith("/sys/fs/cgroup")) continue;
    // What is mounted over a hierarchy hides it: its files are no cgroup's.
    hierarchies.delete(path);
    if (type === "cgroup2") hierarchies.set(path, { path, version: 2, controllers: [] });
    if (type !== "cgroup") continue;
    const controllers = (options ?? "").split(",").filter((word) => !isMountOption(word));
    hierarchies.set(path, { path, version: 1, controllers });
  }
  const all = [...hierarchies.values()];
  const v2 = all.find((one) => one.version === 2);
  if (all.length === 1 && v2 !== undefined) return { kind: "v2", hierarchies: all };
  if (v2 === undefined) return { kind: "v1", hierarchies: all };
  return { kind: "hybrid", hierarchies: all, hybridMount: v2.path };
}

function isMountOption(word: string): boolean {
  return (
    ["rw", "ro", "xattr", "noprefix", "clone_children"].includes(word) || word.includes("agent=")
  );
}

/** The folder of a cgroup in the hierarchy that has this controller (v2: in the only one). */
export function controllerFolder(
  layout: CgroupLayout,
  controller: string,
  group: string,
): string | undefined {
  const found =
    layout.kind === "v2"
      ? layout.hierarchies[0]
      : layout.hierarchies.find((one) => one.controllers.includes(controller));
  return found === undefined ? undefined : join(found.path, group);
}

/** The folder of a cgroup in every hierarchy. */
export function allFolders(layout: CgroupLayout, group: string): string[] {
  return layout.hierarchies.map((one) => join(one.path, group));
}

/** Whether this host has the controller; `available`: v2's. */
export function hasController(
  layout: CgroupLayout,
  available: readonly string[],
  controller: string,
): boolean {
  return layout.kind === "v2"
    ? available.includes(controller)
    : layout.hierarchies.some((one) => one.controllers.includes(controller));
}

/** Sentences on what this host cannot hold a sandbox to; `available`: v2's controllers. */
export function decideNotEnforced(layout: CgroupLayout, available: readonly string[]): string[] {
  const has = (controller: string) => hasController(layout, available, controller);
  const sentences: string[] = [];
  if (!has("memory")) sentences.push("Memory is not limited: this host has no memory controller.");
  if (!has("pids")) sentences.push("Processes are not counted: this host has no pids controller.");
  if (!has("cpu"))
    sentences.push("Processor time is not limited: this host has no cpu controller.");
  if (layout.kind !== "v2" && !has("freezer")) {
    sentences.push("A sandbox cannot be frozen: this host has no freezer.");
  }
  return sentences;
}

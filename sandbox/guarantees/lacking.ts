import { existsSync, readFileSync } from "node:fs";
import { canLimitSwap, readCgroupLayout, readV2Controllers } from "../cgroups/cgroup.ts";
import { type CgroupLayout, hasController } from "../cgroups/layout.ts";
import type { GuaranteeName } from "./guarantees.ts";

/** What a host was seen to have. */
export interface GuaranteeFacts {
  readonly layout: CgroupLayout;
  readonly v2Controllers: readonly string[];
  readonly limitsSwap: boolean;
  readonly hasSwap: boolean;
  /** Limits of `/proc/sys/user`, by kind of namespace: 0 forbids. */
  readonly namespaces: Readonly<Record<string, number>>;
  /** What seccomp filters can answer here; empty without them. */
  readonly seccompActions: readonly string[];
  readonly hasSeccompList: boolean;
  readonly hasUser: boolean;
}

/** A guarantee that this host cannot give. */
export interface Lacking {
  readonly name: GuaranteeName;
  readonly says: string;
  readonly mend: string;
}

const kinds = ["mnt", "pid", "ipc", "uts", "net", "user", "cgroup"];

/** Looks; nothing is tried out. */
export function readGuaranteeFacts(): GuaranteeFacts {
  const layout = readCgroupLayout();
  const limit = (kind: string) => Number(read(`/proc/sys/user/max_${kind}_namespaces`) || "0");
  return {
    layout,
    v2Controllers: readV2Controllers(layout),
    limitsSwap: canLimitSwap(layout),
    hasSwap: read("/proc/swaps").trim().split("\n").length > 1,
    namespaces: Object.fromEntries(kinds.map((kind) => [kind, limit(kind)])),
    seccompActions: read("/proc/sys/kernel/seccomp/actions_avail").trim().split(" "),
    hasSeccompList: existsSync("/usr/share/containers/seccomp.json"),
    hasUser: /^colony:/m.test(read("/etc/passwd")),
  };
}

function read(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
}

/** Pure: what a host with these facts cannot give, and what mends it. */
export function decideLacking(facts: GuaranteeFacts): Lacking[] {
  const lacking: Lacking[] = [];
  function lack(name: GuaranteeName, says: string, mend: string): void {
    lacking.push({ name, says, mend });
  }
  const forbidden = kinds.filter((kind) => facts.namespaces[kind] === 0);
  if (forbidden.length > 0) {
    const says = `the host allows no ${forbidden.join(", ")} namespaces`;
    const mend = `sysctl -w ${forbidden.map((kind) => `user.max_${kind}_namespaces=15000`).join(" ")}`;
    lack("namespaces", says, mend);
    if (forbidden.includes("user")) lack("uid-range", says, mend);
  }
  if (!facts.seccompActions.includes("errno")) {
    lack(
      "seccomp",
      "the kernel has no seccomp filters",
      "boot a kernel with CONFIG_SECCOMP_FILTER",
    );
  } else if (!facts.hasSeccompList) {
    lack(
      "seccomp",
      "the list of system calls is not installed",
      "apt-get install golang-github-containers-common",
    );
  }
  lackOfCgroups(facts, lack);
  if (!facts.hasUser) {
    const mend = "start any colony command: the set-up makes it";
    lack("network", "the system user colony does not exist", mend);
    lack("keys", "the system user colony does not exist", mend);
  }
  lack(
    "disk-quota",
    "disk use is watched, not bounded by the file system: a burst may go past the limit before the sandbox is stopped",
    "no kernel quota is used; a COLONY_HOME on a disk of its own keeps the host's free",
  );
  return lacking;
}

function lackOfCgroups(
  facts: GuaranteeFacts,
  lack: (name: GuaranteeName, says: string, mend: string) => void,
): void {
  const { layout, v2Controllers } = facts;
  const boot = "boot with cgroup_enable=memory, or with systemd.unified_cgroup_hierarchy=1";
  if (layout.hierarchies.length === 0) {
    const mend = "mount -t cgroup2 none /sys/fs/cgroup";
    for (const name of ["memory", "pids", "cpu", "freeze", "nothing-left"] as const) {
      lack(name, "no cgroups are mounted", mend);
    }
    return;
  }
  for (const name of ["memory", "pids", "cpu"] as const) {
    if (!hasController(layout, v2Controllers, name)) {
      lack(name, `the host has no ${name} controller`, boot);
    } else if (name === "memory" && facts.hasSwap && !facts.limitsSwap) {
      lack(name, "the host has swap, which its memory limit does not count", "swapoff -a");
    }
  }
  if (layout.kind !== "v2" && !hasController(layout, v2Controllers, "freezer")) {
    lack("freeze", "the host has no freezer", boot);
  }
}

/** The administrator's `minimum:` names guarantees that this host cannot give: nothing runs. */
export class MinimumError extends Error {
  override readonly name = "MinimumError";
  readonly kind = "host";
  readonly lacking: readonly Lacking[];
  constructor(lacking: readonly Lacking[]) {
    const parts = lacking.map(({ name, says, mend }) => `\`${name}\`: ${says} (${mend})`);
    super(
      `Nothing runs here: this host cannot give what the administrator's \`minimum:\` demands. ${parts.join("; ")}.`,
    );
    this.lacking = lacking;
  }
}

/** Throws `MinimumError` unless the host gives all that is asked. */
export function demandMinimum(
  minimum: readonly string[],
  lacking: readonly Lacking[] = decideLacking(readGuaranteeFacts()),
): void {
  const missing = lacking.filter(({ name }) => minimum.includes(name));
  if (missing.length > 0) throw new MinimumError(missing);
}

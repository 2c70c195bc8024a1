import { mkdirSync, readFileSync } from "node:fs";
import { basename } from "node:path";
import { readCgroupLayout, readV2Controllers } from "./cgroups/cgroup.ts";
import { type CgroupLayout, decideNotEnforced } from "./cgroups/layout.ts";
import { guarantees } from "./guarantees/guarantees.ts";
import { decideLacking, type Lacking, readGuaranteeFacts } from "./guarantees/lacking.ts";
import { type HostCheck, limited, missing, ok } from "./host-check.ts";
import {
  checkImagePlace,
  checkOverlay,
  checkReachable,
  checkSpace,
} from "./host-checks/file-system.ts";
import { checkKernel, checkNamespaces } from "./host-checks/kernel.ts";
import { runtimePath } from "./host-environment.ts";
import type { StateFolder } from "./state-folder.ts";

/** Says which limits a sandbox will be held to, given how cgroups are mounted here. */
export function judgeCgroups(layout: CgroupLayout, controllers: readonly string[]): HostCheck {
  const item = "limits";
  if (layout.hierarchies.length === 0) {
    return missing(
      item,
      "No cgroups are mounted below /sys/fs/cgroup.",
      "mount -t cgroup2 none /sys/fs/cgroup",
    );
  }
  const lacking = decideNotEnforced(layout, controllers);
  if (lacking.length === 0)
    return ok(item, `memory, processes and cpu are enforced (cgroups ${layout.kind})`);
  const mend =
    layout.kind === "v2"
      ? 'echo "+memory +pids +cpu" > /sys/fs/cgroup/cgroup.subtree_control'
      : "boot with cgroup_enable=memory, or with systemd.unified_cgroup_hierarchy=1";
  return limited(item, lacking.join(" "), mend);
}

function isWritable(layout: CgroupLayout): boolean {
  const mounts = readFileSync("/proc/self/mounts", "utf8")
    .split("\n")
    .map((line) => line.split(" "));
  return layout.hierarchies.every(({ path }) => {
    const options = mounts.findLast((fields) => fields[1] === path)?.[3] ?? "";
    return !options.split(",").includes("ro");
  });
}

function checkCgroups(): HostCheck {
  const layout = readCgroupLayout();
  if (isWritable(layout)) return judgeCgroups(layout, readV2Controllers(layout));
  return missing(
    "limits",
    "Cgroups are mounted read-only: a sandbox can be neither limited nor ended.",
    "run colony on the host itself, or in a container with --privileged",
  );
}

/** Looks at everything that sandboxes ask of a host, by doing it once. */
export async function checkHost(folder: StateFolder): Promise<HostCheck[]> {
  if (process.getuid?.() !== 0) {
    return [missing("root", "Making sandboxes takes root.", "sudo colony doctor")];
  }
  mkdirSync(folder.shared, { recursive: true, mode: 0o755 });
  return [
    ok("root", "running as root"),
    ...checkKernel(),
    await checkNamespaces(folder),
    checkCgroups(),
    await checkOverlay(folder),
    checkReachable(folder.shared),
    checkImagePlace(folder.shared),
    await checkSpace(folder.home),
  ];
}

/** What the administrator's settings say of this host's sandboxes. */
export interface HostDemands {
  readonly runtime?: string;
  readonly minimum?: readonly string[];
}

/** Every guarantee: given, lacking, or lacking although it is demanded. */
export function checkGuarantees(
  demands: HostDemands,
  lacking: readonly Lacking[] = decideLacking(readGuaranteeFacts()),
): HostCheck[] {
  return guarantees.map(({ name, colony, docker }) => {
    const lack = lacking.find((one) => one.name === name);
    if (lack === undefined) return ok(name, `${colony} (Docker: ${docker})`);
    if (demands.minimum?.includes(name)) {
      return missing(name, `${lack.says}; \`minimum:\` demands it, so nothing runs`, lack.mend);
    }
    return limited(name, `${lack.says} (Docker: ${docker})`, lack.mend);
  });
}

/** Whether the runtime that makes sandboxes is there. */
export function checkRuntime(folder: StateFolder, { runtime = "crun" }: HostDemands): HostCheck {
  try {
    const path = runtimePath(folder, runtime);
    const name = basename(path);
    if (["crun", "runc"].includes(name)) return ok("OCI runtime", path);
    const says =
      name === "runsc"
        ? `${path}: gVisor of Debian unstable (2024) ended with the second program that was started inside; a build of its makers was not tried`
        : `${path}: colony's abuse suite was not tried with it`;
    return limited("OCI runtime", says, "use crun or runc for what must hold");
  } catch (error) {
    const says = error instanceof Error ? error.message : String(error);
    return missing("OCI runtime", says, `install ${runtime}`);
  }
}

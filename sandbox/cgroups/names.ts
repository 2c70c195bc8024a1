import { join } from "node:path";
import { installationLabel } from "../keeper-paths.ts";
import type { StateFolder } from "../state-folder.ts";

/** The cgroup that holds everything of one installation on this host. */
export function installationGroup(folder: StateFolder): string {
  return installationLabel(folder);
}

/** The sandbox's processes. */
export function boxGroup(folder: StateFolder, id: string): string {
  return join(installationGroup(folder), `box-${id}`);
}

/** Its keeper and relay: a group of their own, so they outlive the death of the caller's group. */
export function keeperGroup(folder: StateFolder, id: string): string {
  return join(installationGroup(folder), `keeper-${id}`);
}

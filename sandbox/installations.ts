import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { installationLabel, mountsFolder } from "./keeper-paths.ts";
import type { StateFolder } from "./state-folder.ts";

/**
 * Which installation a label in the kernel belongs to. It lies with the host, not in the state
 * folder, so that what lives on after a state folder was deleted can be told from what is foreign;
 * a reboot takes it along with the cgroups that it explains.
 */
const installationsFolder = join(mountsFolder, "installations");

/** An installation that has opened sandboxes since the host started. */
export interface Installation {
  readonly label: string;
  readonly home: string;
  readonly shared: string;
}

/** Writes down who we are, before the first thing of ours is in the kernel. */
export function noteInstallation(folder: StateFolder): void {
  const path = join(installationsFolder, installationLabel(folder));
  if (existsSync(path)) return;
  mkdirSync(installationsFolder, { recursive: true, mode: 0o700 });
  writeFileSync(path, `${folder.home}\n${folder.shared}`, { mode: 0o600 });
}

/** Every installation that the host knows of. */
export function readInstallations(): Installation[] {
  let labels: string[] = [];
  try {
    labels = readdirSync(installationsFolder);
  } catch {
    return [];
  }
  return labels.flatMap((label) => {
    const [home, shared] = readText(join(installationsFolder, label)).split("\n");
    return home === undefined || home === "" || shared === undefined
      ? []
      : [{ label, home, shared }];
  });
}

/** Nothing of it is left. */
export function dropInstallation(label: string): void {
  rmSync(join(installationsFolder, label), { force: true });
}

function readText(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
}

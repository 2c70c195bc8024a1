import { join } from "node:path";
import type { StateFolder } from "../../sandbox/state-folder.ts";

/** Where the warm browser is reached. Not below `run/`, whose folders are sandboxes to a sweep. */
export function screenshotsFolder(folder: StateFolder): string {
  return join(folder.home, "screenshots");
}

export function supervisorLock(folder: StateFolder): string {
  return join(folder.home, "supervisor.lock");
}

export function clientsLock(folder: StateFolder): string {
  return join(folder.home, "clients.lock");
}

import { join } from "node:path";
import type { StateFolder } from "../../sandbox/state-folder.ts";

/** Where the host's services are reached, for supervisor and drivers alike. */
export function screenshotsFolder(folder: StateFolder): string {
  return join(folder.run, "screenshots");
}

export function supervisorLock(folder: StateFolder): string {
  return join(folder.home, "supervisor.lock");
}

export function clientsLock(folder: StateFolder): string {
  return join(folder.home, "clients.lock");
}

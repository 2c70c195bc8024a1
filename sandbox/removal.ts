import { basename, dirname } from "node:path";
import { startCommand } from "./command.ts";
import { systemEnvironment } from "./host-environment.ts";

/**
 * Removes a folder that has been renamed out of the way, by a process of its own: a million files
 * keep nobody waiting, and the caller may end. Killed in between, a sweep finds the rest.
 */
export function removeInBackground(doomed: string): void {
  const child = startCommand({
    argv: ["nice", "rm", "--recursive", "--force", "--", basename(doomed)],
    env: systemEnvironment,
    cwd: dirname(doomed),
    stdio: "ignore",
    detached: true,
  });
  child.on("error", () => undefined);
  child.unref();
}

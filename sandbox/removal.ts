import { basename, dirname } from "node:path";
import { runOrThrow, startCommand } from "./command.ts";
import { systemEnvironment } from "./host-environment.ts";

/**
 * Removes a folder with all that a sandbox may have put into it; nothing there is no error. By
 * rm(1), which goes by descriptors: no link is followed, no path is too long, and it is not our
 * event loop that a million files occupy. (Node's own asynchronous removal goes by path.)
 */
export async function removeTree(path: string): Promise<void> {
  await runOrThrow("removing files", {
    argv: ["rm", "--recursive", "--force", "--one-file-system", "--", path],
    env: systemEnvironment,
    timeoutMs: 3_600_000,
    maxOutputBytes: 10_000,
  });
}

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

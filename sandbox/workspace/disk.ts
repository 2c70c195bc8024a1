import { runOrThrow } from "../command.ts";
import { systemEnvironment } from "../host-environment.ts";

/**
 * Writes the file system of `folder` to the disk. jj syncs its operations but not git's objects and
 * refs: a power cut without this leaves an unreadable store.
 */
export async function syncToDisk(folder: string): Promise<void> {
  await runOrThrow("writing to the disk", {
    argv: ["sync", "-f", folder],
    env: systemEnvironment,
    timeoutMs: 120_000,
    maxOutputBytes: 1000,
  });
}

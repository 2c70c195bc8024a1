import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { SandboxPaths } from "./keeper-paths.ts";

/** Why a sandbox was ended without anybody of its task having asked. */
export type StopReason = "disk-full" | "host-disk-full";

/** Writes it down for whoever finds the sandbox gone; undefined: nothing of the kind. */
export function noteStop(paths: SandboxPaths, reason: StopReason | undefined): void {
  const path = join(paths.private, "stopped");
  if (reason === undefined) {
    rmSync(path, { force: true });
    return;
  }
  try {
    writeFileSync(path, reason, { mode: 0o600 });
  } catch {
    // A disk that is full to the last byte: it ends all the same.
  }
}

/** Why the last sandbox of this id was ended; undefined where nothing is noted. */
export function readStop(paths: SandboxPaths): StopReason | undefined {
  try {
    const text = readFileSync(join(paths.private, "stopped"), "utf8");
    return text === "disk-full" || text === "host-disk-full" ? text : undefined;
  } catch {
    return undefined;
  }
}

import { readdirSync } from "node:fs";
import { join } from "node:path";
import { bytesOf } from "./ending.ts";
import { sandboxPaths } from "./keeper-paths.ts";
import type { StateFolder } from "./state-folder.ts";
import { noteStop } from "./stop-reason.ts";

/** Disk that a sandbox's own files take: its root's and its workspace's. */
export function readSandboxBytes(folder: StateFolder, id: string): Promise<number> {
  return bytesOf([sandboxPaths(folder, id).rootUpper, ...workspacesOf(folder, id)]);
}

/** Notes that the host's disk is why the sandbox, which the caller ends now, was stopped. */
export function stopForDisk(folder: StateFolder, id: string): void {
  noteStop(sandboxPaths(folder, id), "host-disk-full");
}

function workspacesOf(folder: StateFolder, id: string): string[] {
  try {
    return readdirSync(folder.repositories).map((key) =>
      join(folder.repositories, key, "workspaces", id),
    );
  } catch {
    return [];
  }
}

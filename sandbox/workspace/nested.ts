import { existsSync } from "node:fs";
import { runCommand } from "../command.ts";
import { systemEnvironment } from "../host-environment.ts";
import type { ShownFile } from "./change.ts";
import { factOf } from "./commit-facts.ts";
import { UnsavableError } from "./errors.ts";
import { askGit } from "./git.ts";
import type { RepositoryContext } from "./programs.ts";

const timeoutMs = 60_000;
const maxListBytes = 1024 * 1024;

/**
 * Folders below the root of `files` (an upper, or a plain workspace) that hold a `.git` or `.jj` of
 * their own. jj skips them silently and shows their tracked files as deleted, so a list that is not
 * whole is an error: what it lacks would land as deletions. To be asked while nothing moves. Names
 * only are read; find(1) follows no symlink. `skipPackages`: no tracked file is in a node_modules.
 */
export async function findNested(
  taskId: string,
  files: string,
  skipPackages: boolean,
): Promise<string[]> {
  // No sandbox has ever had the workspace: there is no upper yet.
  if (!existsSync(files)) return [];
  const packages = skipPackages ? ["-name", "node_modules", "-prune", "-o"] : [];
  const names = ["(", "-name", ".git", "-o", "-name", ".jj", ")"];
  const result = await runCommand({
    argv: ["find", files, "-mindepth", "1", ...packages, ...names, "-printf", "%P\\0", "-prune"],
    env: systemEnvironment,
    timeoutMs,
    maxOutputBytes: maxListBytes,
  });
  if (result.timedOut || result.truncated || result.exitCode !== 0) {
    const sentence =
      "The workspace holds more folders than can be looked through; nothing is saved while it does.";
    throw new UnsavableError(taskId, sentence);
  }
  // One at the top is the workspace's own affair: jj leaves it out.
  const paths = result.stdout
    .toString("utf8")
    .split("\0")
    .filter((path) => path.includes("/"));
  const folders = paths.map((path) => path.replace(/\/[^/]*$/, ""));
  return [...new Set(folders)].sort();
}

/** Whether a commit holds files in a node_modules: seldom, and never changing. */
export function tracksPackages(context: RepositoryContext, commit: string): Promise<boolean> {
  return factOf(context, commit, "tracks packages", async () => {
    const words = ["ls-tree", "-r", "-d", "-z", "--name-only", commit];
    const folders = await askGit(context, "reading a commit", words);
    return folders.split("\0").some((path) => path.split("/").includes("node_modules"));
  });
}

/** Whether a path lies in one of the folders. */
function liesWithin(path: string, folders: readonly string[]): boolean {
  return folders.some((folder) => path.startsWith(`${folder}/`));
}

/** The files of a change as they land: what lies in a nested repository only looks deleted. Pure. */
export function withoutNested(files: readonly ShownFile[], nested: readonly string[]): ShownFile[] {
  return files.flatMap((file) => {
    if (liesWithin(file.path, nested)) return [];
    const { from, ...rest } = file;
    if (from === undefined || !liesWithin(from, nested)) return [file];
    return [file.status === "renamed" ? { ...rest, status: "added" as const } : file];
  });
}

import { runCommand } from "../command.ts";
import { systemEnvironment } from "../host-environment.ts";
import type { ShownFile } from "./change.ts";

/**
 * Folders below the root of `files` (an upper, or a plain workspace) that hold a `.git` or `.jj` of
 * their own. jj skips them silently and shows their tracked files as deleted. Names only are read;
 * find(1) follows no symlink.
 */
export async function findNested(files: string): Promise<string[]> {
  const names = ["(", "-name", ".git", "-o", "-name", ".jj", ")"];
  const result = await runCommand({
    argv: [
      "find",
      files,
      "-mindepth",
      "1",
      "(",
      "-name",
      "node_modules",
      "-prune",
      ")",
      "-o",
      "(",
      "-mindepth",
      "2",
      ...names,
      "-printf",
      "%P\\0",
      "-prune",
      ")",
    ],
    env: systemEnvironment,
    timeoutMs: 60_000,
    maxOutputBytes: 256 * 1024,
  });
  const found = result.stdout.toString("utf8").split("\0");
  const folders = found.filter((path) => path !== "").map((path) => path.replace(/\/[^/]*$/, ""));
  return [...new Set(folders)].sort();
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

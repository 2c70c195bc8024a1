import { lstatSync, readlinkSync, type Stats } from "node:fs";
import { join } from "node:path";

const mostLinks = 40;

/** What a path is for a program whose root this folder is; links are followed, never out of it. */
export function statInside(root: string, path: string): Stats | undefined {
  let rest = path.split("/").filter(Boolean);
  let at: string[] = [];
  for (let links = 0; ; ) {
    const [part, ...more] = rest;
    if (part === undefined) return lstat(join(root, ...at));
    rest = more;
    if (part === "." || part === "..") {
      at = part === "." ? at : at.slice(0, -1);
      continue;
    }
    const next = [...at, part];
    const found = lstat(join(root, ...next));
    if (found === undefined) return undefined;
    if (!found.isSymbolicLink()) {
      at = next;
      continue;
    }
    if (++links > mostLinks) return undefined;
    const target = readlinkSync(join(root, ...next));
    if (target.startsWith("/")) at = [];
    rest = [...target.split("/").filter(Boolean), ...rest];
  }
}

/** Whether each part of the path below the root is a folder itself, and no link to one. */
export function isPlainFolder(root: string, path: string): boolean {
  const parts = path.split("/").filter(Boolean);
  return parts.every((_, index) => lstat(join(root, ...parts.slice(0, index + 1)))?.isDirectory());
}

function lstat(path: string): Stats | undefined {
  return lstatSync(path, { throwIfNoEntry: false });
}

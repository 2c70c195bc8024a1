import { statSync } from "node:fs";
import { join } from "node:path";

/**
 * Why there can be no repository at a path of this host; undefined where there may be one. The bot
 * may read less than git will be allowed to: what it cannot see is not judged.
 */
export function lookForRepository(path: string): string | undefined {
  const kind = kindOf(path);
  if (kind === "unseen") return undefined;
  if (kind === "none") return "does not exist on this host.";
  if (kind === "file") return "is a file, not a git repository.";
  if (kindOf(join(path, ".git")) !== "none") return undefined;
  // A bare repository is what git itself takes for one.
  const isBare = ["HEAD", "objects", "refs"].every((name) => kindOf(join(path, name)) !== "none");
  return isBare ? undefined : "is a folder without a git repository in it; `git init` makes one.";
}

function kindOf(path: string): "folder" | "file" | "none" | "unseen" {
  try {
    return statSync(path).isDirectory() ? "folder" : "file";
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    return code === "ENOENT" || code === "ENOTDIR" ? "none" : "unseen";
  }
}

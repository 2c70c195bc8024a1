import { askGit, gitOnStore } from "./git.ts";
import type { RepositoryContext } from "./programs.ts";
import { printable } from "./remarks.ts";

const maxNamed = 5;

/** Sentences about what a commit holds that agents will not find as usual. */
export async function commitRemarks(
  context: RepositoryContext,
  commit: string,
): Promise<readonly string[]> {
  const args = ["ls-tree", "-r", "-z", "--full-tree", commit];
  const entries = (await askGit(context, "listing the files", args)).split("\0");
  const submodules = entries
    .filter((entry) => entry.startsWith("160000 "))
    .map((entry) => entry.slice(entry.indexOf("\t") + 1));
  const remarks = submodules
    .slice(0, maxNamed)
    .map((path) => `Submodule "${printable(path)}" is not checked out.`);
  if (submodules.length > maxNamed) {
    remarks.push(`${submodules.length - maxNamed} more submodules are not checked out.`);
  }
  if (await usesLargeFiles(context, commit, entries)) {
    remarks.push("Large files (git LFS) are pointers here, not their content.");
  }
  return remarks;
}

/** Whether some .gitattributes gives files to LFS. */
async function usesLargeFiles(
  context: RepositoryContext,
  commit: string,
  entries: readonly string[],
): Promise<boolean> {
  const paths = entries
    .map((entry) => entry.slice(entry.indexOf("\t") + 1))
    .filter((path) => path === ".gitattributes" || path.endsWith("/.gitattributes"));
  for (const path of paths.slice(0, 50)) {
    const shown = await gitOnStore(context, ["cat-file", "blob", `${commit}:${path}`]);
    if (/^[^#\n]*\bfilter=lfs\b/m.test(shown.stdout.toString("utf8"))) return true;
  }
  return false;
}

/** Paths in a commit that are no UTF-8: jj then checks out nothing at all. */
export async function unusableNames(
  context: RepositoryContext,
  commit: string,
): Promise<readonly string[]> {
  const args = ["ls-tree", "-r", "-z", "--name-only", "--full-tree", commit];
  const { stdout } = await gitOnStore(context, args);
  const decoder = new TextDecoder("utf-8", { fatal: true });
  try {
    decoder.decode(stdout);
    return [];
  } catch {
    const names = stdout.toString("utf8").split("\0");
    return names.filter((name) => name.includes("\ufffd")).slice(0, maxNamed);
  }
}

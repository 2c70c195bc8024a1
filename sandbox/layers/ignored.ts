import { lstatSync } from "node:fs";
import { readdir, rm, rmdir } from "node:fs/promises";
import { join } from "node:path";
import { CommandError, runCommand, runOrThrow } from "../command.ts";
import { systemEnvironment, toolPath } from "../host-environment.ts";
import type { StateFolder } from "../state-folder.ts";

const timeoutMs = 300_000;

/**
 * Leaves in `upper` only files that the commit's `.gitignore` files ignore: a snapshot of a
 * workspace above them must find no change. `golden` is the commit checked out.
 */
export async function keepIgnoredOnly(
  folder: StateFolder,
  golden: string,
  upper: string,
): Promise<void> {
  const paths = await listFiles(upper, "");
  const gitFolder = `${upper}.git`;
  const ignored =
    paths.length === 0 ? new Set() : await askIgnored(folder, golden, gitFolder, paths);
  for (const path of paths) {
    if (!ignored.has(path)) await rm(join(upper, path));
  }
  await removeEmpty(upper, true);
}

/** Everything that is no folder, links and whiteouts too. */
async function listFiles(root: string, below: string): Promise<string[]> {
  const found: string[] = [];
  for (const entry of await readdir(join(root, below), { withFileTypes: true })) {
    const path = below === "" ? entry.name : `${below}/${entry.name}`;
    if (entry.isDirectory()) found.push(...(await listFiles(root, path)));
    else found.push(path);
  }
  return found;
}

/** git itself says it, from the files of the commit alone and no settings of anybody. */
async function askIgnored(
  folder: StateFolder,
  golden: string,
  gitFolder: string,
  paths: readonly string[],
): Promise<ReadonlySet<string>> {
  const git = toolPath(folder, "git");
  const env = {
    ...systemEnvironment,
    HOME: gitFolder,
    GIT_CONFIG_NOSYSTEM: "1",
    GIT_CONFIG_GLOBAL: "/dev/null",
  };
  const asked = paths.filter((path) => !isBeyondLink(golden, path));
  try {
    const init = [git, "init", "--quiet", "--bare", gitFolder] as const;
    await runOrThrow("asking git", { argv: init, env, timeoutMs, maxOutputBytes: 10_000 });
    const result = await runCommand({
      argv: [
        ...([git, "--git-dir", gitFolder, "--work-tree", golden] as const),
        ...["-c", "core.bare=false", "check-ignore", "-z", "--stdin"],
      ],
      env,
      cwd: golden,
      // Else a name that begins with a colon means something.
      input: asked.map((path) => `./${path}\0`).join(""),
      timeoutMs,
      maxOutputBytes: 256 * 1024 ** 2,
    });
    // 1: none of them.
    if (result.exitCode === 1) return new Set();
    if (result.exitCode !== 0) throw new CommandError("asking git what is ignored", result);
    const ignored = result.stdout.toString("utf8").split("\0");
    return new Set(ignored.map((path) => path.slice(2)));
  } finally {
    await rm(gitFolder, { recursive: true, force: true });
  }
}

/** Where the commit has a link and the step made a folder of it: the commit's wins anyway. */
function isBeyondLink(golden: string, path: string): boolean {
  const parts = path.split("/").slice(0, -1);
  return parts.some((_, index) => {
    const parent = join(golden, ...parts.slice(0, index + 1));
    return lstatSync(parent, { throwIfNoEntry: false })?.isSymbolicLink() === true;
  });
}

async function removeEmpty(path: string, isTop: boolean): Promise<boolean> {
  let isEmpty = true;
  for (const entry of await readdir(path, { withFileTypes: true })) {
    if (!entry.isDirectory() || !(await removeEmpty(join(path, entry.name), false)))
      isEmpty = false;
  }
  if (isEmpty && !isTop) await rmdir(path);
  return isEmpty;
}

import { stat } from "node:fs/promises";
import { basename, resolve } from "node:path";
import type { Repository } from "../protocol/task.ts";
import type { Caller } from "./caller.ts";
import { CliError, exitCodes } from "./exit-codes.ts";

/** Pure: an address as git takes it; a path is meant from where the person stands. */
export function decideAddress(text: string, cwd: string): { url: string; isPath: boolean } {
  const isUrl = /^[a-z][a-z0-9+.-]*:\/\//i.test(text);
  // `git@host:path`, as ssh has it; a slash before the colon makes it a path.
  const isSsh = /^[^/\s:]+@[^/\s:]+:/.test(text);
  if (isUrl || isSsh) return { url: text, isPath: false };
  return { url: resolve(cwd, text), isPath: true };
}

/** What a person calls it: the last part, without `.git`. */
export function decideName(url: string): string {
  const last = basename(url.replace(/[/\\]+$/, "").replace(/[?#].*$/, "")).replace(/\.git$/, "");
  return last.split(":").at(-1)?.slice(0, 200) || "repository";
}

/** A repository as a person gave it; what can be seen to be wrong here is told at once. */
export async function resolveRepository(
  options: { readonly repo: string; readonly base: string | undefined; readonly cwd: string },
  caller: Caller,
): Promise<Repository> {
  if (options.repo.trim() === "") throw new CliError(exitCodes.usage, "--repo is empty.");
  const { url, isPath } = decideAddress(options.repo, options.cwd);
  if (url.length > 4_096) throw new CliError(exitCodes.usage, "--repo is too long.");
  if (isPath && (await isMissing(url))) {
    const hint = /^[\w.-]+\.[a-z]{2,}\//i.test(options.repo)
      ? ` For an address on the network write https://${options.repo}`
      : "";
    throw new CliError(exitCodes.usage, `There is no repository at ${url}.${hint}`);
  }
  if (
    options.base !== undefined &&
    !/^[^\s~^:?*[\\\0-\x1f-][^\s~^:?*[\\\0-\x1f]{0,254}$/.test(options.base)
  ) {
    throw new CliError(
      exitCodes.usage,
      `--base ${JSON.stringify(options.base)} is no branch name.`,
    );
  }
  const { uid, gid, home, env } = caller;
  return {
    name: decideName(url),
    url,
    ...(options.base === undefined ? {} : { base: options.base }),
    caller: { uid, gid, home, env },
  };
}

async function isMissing(path: string): Promise<boolean> {
  try {
    await stat(path);
    return false;
  } catch (error) {
    // What we may not look at, the caller perhaps may.
    return error instanceof Error && "code" in error && error.code === "ENOENT";
  }
}

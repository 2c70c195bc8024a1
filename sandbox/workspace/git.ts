import type { Readable } from "node:stream";
import { type CommandResult, runCommand, runOrThrow } from "../command.ts";
import type { HeldLock } from "./lock.ts";
import { asOwner, type RepositoryContext, storeEnvironment } from "./programs.ts";

/** How git runs on the store's own git folder. */
export interface GitOptions {
  readonly input?: string | Buffer | Readable;
  readonly onStdout?: (stdout: Readable) => Promise<void>;
  readonly lock?: HeldLock;
  /** Index file to use, for a checkout. */
  readonly index?: string;
}

/** git on the store's git folder as its owner; never in a tree that an agent wrote. */
export function gitOnStore(
  context: RepositoryContext,
  args: readonly string[],
  options: GitOptions = {},
): Promise<CommandResult> {
  return runCommand(gitCommand(context, args, options));
}

/** Like `gitOnStore`, but its output as text, and an error unless it exits 0. */
export async function askGit(
  context: RepositoryContext,
  act: string,
  args: readonly string[],
  options: GitOptions = {},
): Promise<string> {
  const result = await runOrThrow(act, gitCommand(context, args, options));
  return result.stdout.toString("utf8");
}

/** The tree that a commit holds: what an approval is bound to. */
export async function treeOf(context: RepositoryContext, commit: string): Promise<string> {
  const tree = await askGit(context, "reading a commit", [
    "rev-parse",
    "--verify",
    "--end-of-options",
    `${commit}^{tree}`,
  ]);
  return tree.trim();
}

/** Whether the store holds this commit. */
export async function hasCommit(context: RepositoryContext, commit: string): Promise<boolean> {
  const result = await gitOnStore(context, ["cat-file", "-e", `${commit}^{commit}`]);
  return result.exitCode === 0;
}

function gitCommand(context: RepositoryContext, args: readonly string[], options: GitOptions) {
  return {
    argv: asOwner(context, [
      context.programs.git,
      "--git-dir",
      context.layout.gitFolder,
      "-c",
      "core.hooksPath=/dev/null",
      "-c",
      "core.quotePath=false",
      "--literal-pathspecs",
      ...args,
    ]),
    env: {
      ...storeEnvironment(context),
      ...(options.index === undefined ? {} : { GIT_INDEX_FILE: options.index }),
    },
    cwd: context.layout.jj,
    timeoutMs: 600_000,
    maxOutputBytes: 64 * 1024 * 1024,
    ...(options.input === undefined ? {} : { input: options.input }),
    ...(options.onStdout === undefined ? {} : { onStdout: options.onStdout }),
    ...(options.lock === undefined ? {} : { fds: [options.lock.fd] }),
  };
}

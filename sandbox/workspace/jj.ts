import { type CommandResult, runCommand } from "../command.ts";
import { JjError } from "./errors.ts";
import type { HeldLock } from "./lock.ts";
import { asOwner, type RepositoryContext, storeEnvironment } from "./programs.ts";
import { removeStaleLocks } from "./stale-locks.ts";

const maxOutputBytes = 64 * 1024 * 1024;
const readTimeoutMs = 120_000;
const writeTimeoutMs = 600_000;

/** What jj answered. */
export interface JjAnswer {
  readonly stdout: string;
  readonly bytes: Buffer;
  /** Warnings (skipped files) come only here, whatever the exit code. */
  readonly stderr: string;
}

const everywhere = ["--color", "never", "--no-pager"];

/** Words before jj's own arguments when it works on a task's files; `view.ts` runs it there. */
export const workingCopyFlags: readonly string[] = everywhere;

/** Asks the store; never looks at a working copy, needs no lock. Throws `JjError`. */
export async function askJj(
  context: RepositoryContext,
  args: readonly string[],
): Promise<JjAnswer> {
  return answer(args, await onStore(context, ["--quiet", ...args], readTimeoutMs, []));
}

/** Like `askJj`, for text that may be longer than anybody reads: cut at the cap, and said so. */
export async function askJjForText(
  context: RepositoryContext,
  args: readonly string[],
): Promise<string> {
  const result = await onStore(context, ["--quiet", ...args], readTimeoutMs, []);
  const { stdout } = answer(args, { ...result, truncated: false });
  return result.truncated ? `${stdout}\n[cut: longer than 64 MiB]\n` : stdout;
}

/**
 * Writes to the store without looking at a working copy. Not `--quiet`: stderr names the operation.
 * A lock file left by a killed program is removed and the deed tried once more.
 */
export async function tellJj(
  context: RepositoryContext,
  lock: HeldLock,
  args: readonly string[],
): Promise<JjAnswer> {
  const first = await onStore(context, args, writeTimeoutMs, [lock.fd]);
  if (first.exitCode !== 255) return answer(args, first);
  if ((await removeStaleLocks(context, lock)) === 0) return answer(args, first);
  return answer(args, await onStore(context, args, writeTimeoutMs, [lock.fd]));
}

/** jj with the store's default workspace, which has no files: for `workspace add`. */
export function tellJjHere(
  context: RepositoryContext,
  lock: HeldLock,
  args: readonly string[],
): Promise<JjAnswer> {
  return tellJjIn(context, lock, context.layout.store, args);
}

/** jj in a workspace of the store owner's, working copy and all. */
export async function tellJjIn(
  context: RepositoryContext,
  lock: HeldLock,
  folder: string,
  args: readonly string[],
): Promise<JjAnswer> {
  const { jj } = context.programs;
  const argv = [jj, "-R", folder, ...everywhere, ...args] as const;
  return answer(args, await run(context, argv, writeTimeoutMs, [lock.fd]));
}

/** Throws unless jj exited 0. */
export function answer(args: readonly string[], result: CommandResult): JjAnswer {
  if (result.exitCode !== 0) throw new JjError(args, result.exitCode, result.stderr);
  if (result.truncated) throw new JjError(args, null, "the answer is longer than 64 MiB");
  return { stdout: result.stdout.toString("utf8"), bytes: result.stdout, stderr: result.stderr };
}

function onStore(
  context: RepositoryContext,
  args: readonly string[],
  timeoutMs: number,
  fds: readonly number[],
): Promise<CommandResult> {
  const { jj } = context.programs;
  const flags = ["-R", context.layout.store, "--ignore-working-copy", ...everywhere];
  return run(context, [jj, ...flags, ...args], timeoutMs, fds);
}

function run(
  context: RepositoryContext,
  argv: readonly string[],
  timeoutMs: number,
  fds: readonly number[],
): Promise<CommandResult> {
  return runCommand({
    argv: asOwner(context, argv),
    env: storeEnvironment(context),
    cwd: context.layout.jj,
    timeoutMs,
    maxOutputBytes,
    fds,
  });
}

import { chmod, chown, mkdir, readFile, stat, writeFile } from "node:fs/promises";
import type { Readable } from "node:stream";
import { CommandError, type CommandResult, runCommand } from "../command.ts";
import type { Caller } from "../workspace.ts";
import type { RepositoryAddress } from "./address.ts";
import type { RepositoryError } from "./errors.ts";
import { HeldLock } from "./lock.ts";
import type { RepositoryContext } from "./programs.ts";
import { transportFailure } from "./transport-failure.ts";

const stagingWaitMs = 60_000;

/** The remote end of a repository, spoken to with the caller's rights. */
export interface Remote {
  readonly context: RepositoryContext;
  readonly address: RepositoryAddress;
  readonly caller: Caller;
}

/** Makes the caller's bare repository, or finds it. */
export async function openStaging(remote: Remote): Promise<void> {
  const { staging } = remote.context.layout;
  if (await isMade(remote)) return;
  // Two tasks of a new repository come at once, and git init is not made for that.
  await using _lock = await HeldLock.take(`${staging}.lock`, stagingWaitMs);
  await mkdir(staging, { recursive: true, mode: 0o700 });
  if ((await stat(staging)).uid !== remote.caller.uid) {
    await chown(staging, remote.caller.uid, remote.caller.gid);
    await chmod(staging, 0o700);
  }
  const init = ["init", "--quiet", "--bare", "--template=", "."];
  const result = await gitAsCaller(remote, init, { timeoutMs: 30_000, bare: false });
  if (result.exitCode !== 0) throw new CommandError("preparing the transport", result);
  await writeFile(madeFile(remote), staging);
}

/** Root's word that git init went through: it is asked at every fetch. */
async function isMade(remote: Remote): Promise<boolean> {
  const [made, { uid }] = await Promise.all([
    readFile(madeFile(remote), "utf8").catch(() => ""),
    stat(remote.context.layout.staging).catch(() => ({ uid: -1 })),
  ]);
  return made === remote.context.layout.staging && uid === remote.caller.uid;
}

function madeFile({ context }: Remote): string {
  return `${context.layout.staging}.made`;
}

/** Output of git as the caller. Throws `RepositoryError`. */
export async function callerOutput(remote: Remote, args: readonly string[]): Promise<string> {
  const result = await gitAsCaller(remote, args);
  if (result.exitCode !== 0) throw failureOf(remote, result);
  return result.stdout.toString("utf8");
}

/** What a failure means to the person who named the repository. */
export function failureOf(remote: Remote, result: CommandResult): RepositoryError {
  const words = result.timedOut ? "no answer in time" : result.stderr;
  return transportFailure(remote.address, words);
}

interface CallerGitOptions {
  readonly input?: string | Readable;
  readonly onStdout?: (stdout: Readable) => Promise<void>;
  readonly timeoutMs?: number;
  readonly bare?: boolean;
}

/** git with the rights, home and credentials of the caller, in the caller's bare repository. */
export async function gitAsCaller(
  remote: Remote,
  args: readonly string[],
  options: CallerGitOptions = {},
): Promise<CommandResult> {
  const { context, caller, address } = remote;
  const own = options.bare === false ? [] : ["--git-dir=."];
  return runCommand({
    argv: [
      ...(await becomeCaller(remote)),
      context.programs.git,
      ...own,
      "-c",
      "core.hooksPath=/dev/null",
      "-c",
      "gc.auto=0",
      "-c",
      "maintenance.auto=false",
      ...args,
    ],
    env: {
      PATH: `${context.folder.toolsBin}:/usr/local/bin:/usr/bin:/bin`,
      HOME: caller.home,
      ...caller.env,
      LC_ALL: "C",
      GIT_TERMINAL_PROMPT: "0",
      // Whatever a redirect or the caller's own rewriting makes of the address.
      GIT_ALLOW_PROTOCOL: address.kind === "http" ? "https:ssh:file:http" : "https:ssh:file",
    },
    cwd: context.layout.staging,
    timeoutMs: options.timeoutMs ?? 1_800_000,
    maxOutputBytes: 16 * 1024 * 1024,
    ...(options.input === undefined ? {} : { input: options.input }),
    ...(options.onStdout === undefined ? {} : { onStdout: options.onStdout }),
  });
}

/** All the rights of the caller: groups too, by which a path may be readable. */
async function becomeCaller({ context, caller }: Remote): Promise<[string, ...string[]]> {
  const passwd = await readFile("/etc/passwd", "utf8");
  const known = passwd.split("\n").some((line) => line.split(":")[2] === String(caller.uid));
  const ids = ["--reuid", String(caller.uid), "--regid", String(caller.gid)];
  return [context.programs.setpriv, ...ids, known ? "--init-groups" : "--clear-groups"];
}

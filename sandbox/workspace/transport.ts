import { chmod, chown, mkdir, stat } from "node:fs/promises";
import { PassThrough, type Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { CommandError, type CommandResult, runCommand } from "../command.ts";
import type { Caller } from "../workspace.ts";
import type { RepositoryAddress } from "./address.ts";
import type { RepositoryError } from "./errors.ts";
import { askGit, gitOnStore, hasCommit } from "./git.ts";
import type { HeldLock } from "./lock.ts";
import type { RepositoryContext } from "./programs.ts";
import { transportFailure } from "./transport-failure.ts";

/*
 * Trust boundary. git that speaks to the remote runs as the caller, in a bare repository of the
 * caller's; git that writes the store runs as the store's owner. Only packs cross, through a pipe:
 * neither account can open a file of the other, and root parses nothing.
 */

/** What the remote offers. */
export interface RemoteBranches {
  readonly head: string | undefined;
  readonly branches: ReadonlyMap<string, string>;
}

/** The remote end of a repository, spoken to with the caller's rights. */
export interface Remote {
  readonly context: RepositoryContext;
  readonly address: RepositoryAddress;
  readonly caller: Caller;
}

/** How a push ended. `stale`: somebody else pushed in between. */
export type PushOutcome =
  | { readonly kind: "pushed" | "unchanged" | "stale" }
  | { readonly kind: "refused"; readonly reason: string };

/** Asks the remote for its branches. Throws `RepositoryError`. */
export async function listBranches(remote: Remote): Promise<RemoteBranches> {
  await openStaging(remote);
  const url = remote.address.url;
  const args = ["ls-remote", "--symref", "--", url, "HEAD", "refs/heads/*"];
  const result = await gitAsCaller(remote, args, { timeoutMs: 90_000 });
  if (result.exitCode !== 0) throw failureOf(remote, result);
  return parseBranches(result.stdout.toString("utf8"));
}

/** Reads the output of `git ls-remote --symref`. */
export function parseBranches(output: string): RemoteBranches {
  const branches = new Map<string, string>();
  let head: string | undefined;
  for (const line of output.split("\n")) {
    const [left = "", name = ""] = line.split("\t");
    if (name === "HEAD" && left.startsWith("ref: refs/heads/")) head = left.slice(16);
    else if (name.startsWith("refs/heads/")) branches.set(name.slice(11), left);
  }
  return { head, branches };
}

/** Brings a branch's commits to this host, as the caller; the store is not touched yet. */
export async function fetchToStaging(remote: Remote, branch: string): Promise<string> {
  const ref = `refs/heads/${branch}`;
  const fetched = await gitAsCaller(remote, [
    "fetch",
    "--quiet",
    "--no-tags",
    "--no-write-fetch-head",
    "--no-auto-maintenance",
    "--no-recurse-submodules",
    "--",
    remote.address.url,
    `+${ref}:${ref}`,
  ]);
  if (fetched.exitCode !== 0) throw failureOf(remote, fetched);
  return (await callerOutput(remote, ["rev-parse", "--verify", ref])).trim();
}

/** Hands fetched commits over to the store, as `refs/remotes/origin/BRANCH`. */
export async function handOver(
  remote: Remote,
  lock: HeldLock,
  branch: string,
  commit: string,
): Promise<void> {
  const { context } = remote;
  if (!(await hasCommit(context, commit))) {
    const known = await handedOver(remote, branch);
    await pipePack(
      (onStdout) =>
        gitAsCaller(
          remote,
          ["pack-objects", "--revs", "--stdout", "--quiet", "--delta-base-offset"],
          {
            input: `${commit}\n${known === undefined ? "" : `^${known}\n`}`,
            onStdout,
          },
        ),
      (input) => gitOnStore(context, ["index-pack", "--stdin", "--fix-thin"], { input, lock }),
    );
  }
  await askGit(context, "noting a branch", ["update-ref", originRef(branch), commit], { lock });
  await callerOutput(remote, ["update-ref", handedOverRef(branch), commit]);
}

/** Pushes `commit` as the branch, if the branch is still at `expected`. */
export async function pushCommit(
  remote: Remote,
  branch: string,
  commit: string,
  expected: string,
): Promise<PushOutcome> {
  await pipePack(
    (onStdout) =>
      gitOnStore(remote.context, ["pack-objects", "--revs", "--stdout", "--quiet", "--thin"], {
        input: `${commit}\n^${expected}\n`,
        onStdout,
      }),
    (input) => gitAsCaller(remote, ["index-pack", "--stdin", "--fix-thin"], { input }),
  );
  const ref = `refs/heads/${branch}`;
  // A checkout of the caller's that has this branch checked out is brought along, if it is clean.
  const receive =
    remote.address.kind === "path"
      ? ["--receive-pack=git -c receive.denyCurrentBranch=updateInstead receive-pack"]
      : [];
  const result = await gitAsCaller(remote, [
    "push",
    "--porcelain",
    "--atomic",
    ...receive,
    `--force-with-lease=${ref}:${expected}`,
    "--",
    remote.address.url,
    `${commit}:${ref}`,
  ]);
  return readPush(remote, ref, result);
}

function readPush(remote: Remote, ref: string, result: CommandResult): PushOutcome {
  // "FLAG \t FROM:TO \t SUMMARY": the porcelain format is made for programs.
  const line = result.stdout
    .toString("utf8")
    .split("\n")
    .find((each) => each.split("\t")[1]?.endsWith(`:${ref}`));
  if (line === undefined) throw failureOf(remote, result);
  const summary = line.split("\t")[2] ?? "";
  if (line.startsWith("=")) return { kind: "unchanged" };
  if (result.exitCode === 0) return { kind: "pushed" };
  if (
    /stale info|fetch first|non-fast-forward|failed to update ref|cannot lock ref/.test(summary)
  ) {
    return { kind: "stale" };
  }
  const words = result.stderr.split("\n").filter((each) => each.startsWith("remote: "));
  const said = words.map((each) => each.slice(8).trim()).filter((each) => each !== "");
  return { kind: "refused", reason: [summary, ...said.slice(0, 5)].join(" ").slice(0, 500) };
}

/** Name of the remote's branch in the store. */
export function originRef(branch: string): string {
  return `refs/remotes/origin/${branch}`;
}

function handedOverRef(branch: string): string {
  return `refs/handed-over/${branch}`;
}

/** Newest commit of the branch that both the staging repository and the store hold. */
async function handedOver(remote: Remote, branch: string): Promise<string | undefined> {
  const args = ["rev-parse", "--quiet", "--verify", handedOverRef(branch)];
  const result = await gitAsCaller(remote, args);
  const commit = result.stdout.toString("utf8").trim();
  if (result.exitCode !== 0 || commit === "") return undefined;
  return (await hasCommit(remote.context, commit)) ? commit : undefined;
}

async function openStaging(remote: Remote): Promise<void> {
  const { staging } = remote.context.layout;
  await mkdir(staging, { recursive: true, mode: 0o700 });
  if ((await stat(staging)).uid !== remote.caller.uid) {
    await chown(staging, remote.caller.uid, remote.caller.gid);
    await chmod(staging, 0o700);
  }
  const init = ["init", "--quiet", "--bare", "--template=", "."];
  const result = await gitAsCaller(remote, init, { timeoutMs: 30_000, bare: false });
  if (result.exitCode !== 0) throw new CommandError("preparing the transport", result);
}

async function callerOutput(remote: Remote, args: readonly string[]): Promise<string> {
  const result = await gitAsCaller(remote, args);
  if (result.exitCode !== 0) throw failureOf(remote, result);
  return result.stdout.toString("utf8");
}

function failureOf(remote: Remote, result: CommandResult): RepositoryError {
  const words = result.timedOut ? "no answer in time" : result.stderr;
  return transportFailure(remote.address, words);
}

interface CallerGitOptions {
  readonly input?: string | Readable;
  readonly onStdout?: (stdout: Readable) => Promise<void>;
  readonly timeoutMs?: number;
  readonly bare?: boolean;
}

function gitAsCaller(
  remote: Remote,
  args: readonly string[],
  options: CallerGitOptions = {},
): Promise<CommandResult> {
  const { context, caller, address } = remote;
  const own = options.bare === false ? [] : ["--git-dir=."];
  return runCommand({
    argv: [
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
    uid: caller.uid,
    gid: caller.gid,
    timeoutMs: options.timeoutMs ?? 1_800_000,
    maxOutputBytes: 16 * 1024 * 1024,
    ...(options.input === undefined ? {} : { input: options.input }),
    ...(options.onStdout === undefined ? {} : { onStdout: options.onStdout }),
  });
}

/** Runs the two ends at once, the first's stdout being the second's stdin. */
async function pipePack(
  pack: (onStdout: (stdout: Readable) => Promise<void>) => Promise<CommandResult>,
  unpack: (input: Readable) => Promise<CommandResult>,
): Promise<void> {
  const pipe = new PassThrough();
  const [packed, unpacked] = await Promise.all([
    pack((stdout) => pipeline(stdout, pipe).catch(() => undefined)),
    // An end that dies early must not leave the other waiting.
    unpack(pipe).finally(() => pipe.destroy()),
  ]);
  if (packed.exitCode !== 0) throw new CommandError("packing commits", packed);
  if (unpacked.exitCode !== 0) throw new CommandError("unpacking commits", unpacked);
}

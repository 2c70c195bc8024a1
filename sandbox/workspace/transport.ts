import { PassThrough, type Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { CommandError, type CommandResult } from "../command.ts";
import { callerOutput, failureOf, gitAsCaller, openStaging, type Remote } from "./caller-git.ts";
import { askGit, gitOnStore, hasCommit } from "./git.ts";
import type { HeldLock } from "./lock.ts";

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
  if (line === undefined) return { kind: "refused", reason: failureOf(remote, result).message };
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

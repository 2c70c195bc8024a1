import type { Remote } from "./caller-git.ts";
import { askGit, gitOnStore } from "./git.ts";
import { tellJj } from "./jj.ts";
import { HeldLock } from "./lock.ts";
import { fetchToStaging, handOver } from "./transport.ts";

const lockWaitMs = 1_800_000;

/**
 * Fetches a branch, which the remote says is at `offered`, and lets jj know of it. The network is
 * waited for without the store's lock; where jj knows that commit, nobody is asked.
 */
export async function bringBase(
  remote: Remote,
  branch: string,
  offered: string | undefined,
): Promise<string> {
  if (offered !== undefined && (await importedCommit(remote, branch)) === offered) return offered;
  const { context } = remote;
  await using _turn = await HeldLock.take(context.layout.transportLockFile, lockWaitMs);
  const commit = await fetchToStaging(remote, branch);
  await using lock = await HeldLock.take(context.layout.lockFile, lockWaitMs);
  await handOver(remote, lock, branch, commit);
  await tellJj(context, lock, ["--quiet", "git", "import"]);
  const note = ["update-ref", importedRef(branch), commit];
  await askGit(context, "noting an import", note, { lock });
  return commit;
}

/** The branch's commit when jj was last told of it. */
async function importedCommit({ context }: Remote, branch: string): Promise<string | undefined> {
  const args = ["rev-parse", "--quiet", "--verify", importedRef(branch)];
  const result = await gitOnStore(context, args);
  return result.exitCode === 0 ? result.stdout.toString("utf8").trim() : undefined;
}

/** Written after the import, and outside of what jj looks at: a kill in between leaves the old. */
function importedRef(branch: string): string {
  return `refs/imported/${branch}`;
}

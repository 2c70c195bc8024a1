import type { Remote } from "./caller-git.ts";
import { tellJj } from "./jj.ts";
import { HeldLock } from "./lock.ts";
import { fetchToStaging, handOver } from "./transport.ts";

const lockWaitMs = 1_800_000;

/** Fetches a branch and lets jj know of it. The network is waited for without the store's lock. */
export async function bringBase(remote: Remote, branch: string): Promise<string> {
  const { layout } = remote.context;
  await using _turn = await HeldLock.take(layout.transportLockFile, lockWaitMs);
  const commit = await fetchToStaging(remote, branch);
  await using lock = await HeldLock.take(layout.lockFile, lockWaitMs);
  await handOver(remote, lock, branch, commit);
  await tellJj(remote.context, lock, ["--quiet", "git", "import"]);
  return commit;
}

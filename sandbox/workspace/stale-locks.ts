import { runOrThrow } from "../command.ts";
import type { HeldLock } from "./lock.ts";
import { asOwner, type RepositoryContext, storeEnvironment } from "./programs.ts";

const script =
  "find . -maxdepth 1 -name '*.lock' -print -delete; find refs -name '*.lock' -print -delete";

/**
 * Removes lock files that a killed jj or git left in the store's git folder: with one of them every
 * later command fails. The held lock proves that no writer of ours is alive. Done by the store's
 * owner, who alone writes there.
 */
export async function removeStaleLocks(
  context: RepositoryContext,
  _lock: HeldLock,
): Promise<number> {
  const { stdout } = await runOrThrow("removing locks", {
    argv: asOwner(context, ["/bin/sh", "-c", script]),
    env: storeEnvironment(context),
    cwd: context.layout.gitFolder,
    timeoutMs: 60_000,
    maxOutputBytes: 1024 * 1024,
  });
  return stdout.toString("utf8").split("\n").length - 1;
}

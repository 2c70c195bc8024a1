import { chmod, chown, mkdir, stat } from "node:fs/promises";
import { runCommand } from "../../sandbox/command.ts";
import type { StateFolder } from "../../sandbox/state-folder.ts";
import { hostPath } from "../process/host-path.ts";
import type { SystemUser } from "../process/system-user.ts";
import type { RedisName } from "./settings.ts";

/** The server cannot run; the message says why and what to do. */
export class EmbeddedRedisError extends Error {
  override readonly name = "EmbeddedRedisError";
  readonly redis: RedisName;
  constructor(redis: RedisName, sentence: string, options?: ErrorOptions) {
    super(sentence, options);
    this.redis = redis;
  }
}

/** Makes the folder of sockets and logs, the user's own, and sees to it that it can be reached. */
export async function prepareRedisFolder(
  folder: StateFolder,
  name: RedisName,
  user: SystemUser,
): Promise<void> {
  try {
    await mkdir(folder.home, { recursive: true, mode: 0o755 });
    await mkdir(folder.redis, { recursive: true, mode: 0o700 });
    await chmod(folder.redis, 0o700);
    await chown(folder.redis, user.uid, user.gid);
    const { mode } = await stat(folder.home);
    // What is private below it has rights of its own; the way there must be open.
    if ((mode & 0o011) !== 0o011) await chmod(folder.home, (mode & 0o7777) | 0o011);
  } catch (cause) {
    const code = cause instanceof Error && "code" in cause ? String(cause.code) : "unknown error";
    throw new EmbeddedRedisError(
      name,
      `The state folder ${folder.home} cannot be written (${code}).`,
      {
        cause,
      },
    );
  }
  if (process.getuid?.() !== 0) return;
  const reached = await runCommand({
    argv: ["test", "-x", folder.redis],
    env: { PATH: hostPath },
    uid: user.uid,
    gid: user.gid,
    timeoutMs: 10_000,
    maxOutputBytes: 1_000,
  });
  if (reached.exitCode === 0) return;
  throw new EmbeddedRedisError(
    name,
    `The state folder ${folder.home} lies below a folder that the user colony may not enter; choose another with --home, or allow it: chmod o+x on its parents.`,
  );
}

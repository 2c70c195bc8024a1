import { closeSync, mkdirSync, openSync } from "node:fs";
import { dirname } from "node:path";
import { runCommand } from "../../sandbox/command.ts";
import { hostPath } from "./host-path.ts";

/** A held `flock`; the kernel lets go of it when the last process with `fd` ends. */
export interface FileLock extends Disposable {
  /** May be handed to a child, which then holds the lock too. */
  readonly fd: number;
}

export interface FileLockOptions {
  readonly path: string;
  readonly kind: "shared" | "exclusive";
  /** 0 answers at once. */
  readonly timeoutMs: number;
  /** Gives up waiting: undefined then. */
  readonly signal?: AbortSignal;
}

/**
 * Takes a lock on a file, made when it is missing; undefined when others hold it. Node has no
 * flock, but a lock belongs to the open file, not to the process: a `flock` child that inherits
 * our descriptor takes it for us and may then end.
 */
export async function takeFileLock(options: FileLockOptions): Promise<FileLock | undefined> {
  mkdirSync(dirname(options.path), { recursive: true });
  const fd = openSync(options.path, "a", 0o600);
  const wait =
    options.timeoutMs === 0 ? ["--nonblock"] : ["--timeout", String(options.timeoutMs / 1000)];
  const result = await runCommand({
    argv: ["flock", `--${options.kind}`, ...wait, "--conflict-exit-code", "91", "3"],
    env: { PATH: hostPath },
    timeoutMs: options.timeoutMs + 10_000,
    maxOutputBytes: 10_000,
    fds: [fd],
    ...(options.signal === undefined ? {} : { signal: options.signal }),
  });
  if (result.exitCode === 0) {
    let held = true;
    return {
      fd,
      [Symbol.dispose]() {
        if (held) closeSync(fd);
        held = false;
      },
    };
  }
  closeSync(fd);
  if (result.exitCode === 91 || options.signal?.aborted === true) return undefined;
  throw new Error(`locking ${options.path}: ${result.stderr.trim()}`);
}

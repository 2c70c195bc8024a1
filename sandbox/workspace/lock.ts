import { type FileHandle, open } from "node:fs/promises";
import { runCommand } from "../command.ts";

/**
 * Proof that the caller holds a repository's lock: every writing deed asks for one. The lock is
 * flock(2) on an open file that child processes inherit, so a killed driver's jj still holds it.
 */
export class HeldLock implements AsyncDisposable {
  readonly #file: FileHandle;
  readonly path: string;

  private constructor(path: string, file: FileHandle) {
    this.path = path;
    this.#file = file;
  }

  /** Descriptor to hand down to programs that write. */
  get fd(): number {
    return this.#file.fd;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#file.close();
  }

  /** Waits until the lock is free; throws `LockTimeoutError` after `waitMs`. */
  static async take(path: string, waitMs: number): Promise<HeldLock> {
    const file = await open(path, "a", 0o600);
    try {
      // flock(1) locks the open file that both share, and leaves; ours stays locked.
      const result = await runCommand({
        argv: ["flock", "-x", "-w", String(Math.ceil(waitMs / 1000)), "3"],
        env: { PATH: "/usr/bin:/bin" },
        timeoutMs: waitMs + 5000,
        maxOutputBytes: 1000,
        fds: [file.fd],
      });
      if (result.exitCode !== 0) throw new LockTimeoutError(path, waitMs);
      return new HeldLock(path, file);
    } catch (error) {
      await file.close();
      throw error;
    }
  }
}

/** Somebody else has held the lock for too long. */
export class LockTimeoutError extends Error {
  override readonly name = "LockTimeoutError";
  readonly path: string;
  readonly waitMs: number;
  constructor(path: string, waitMs: number) {
    super(`The repository has been busy for ${Math.round(waitMs / 1000)} s (${path}).`);
    this.path = path;
    this.waitMs = waitMs;
  }
}

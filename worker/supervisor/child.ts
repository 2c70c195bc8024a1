import type { ChildProcess } from "node:child_process";
import type { Logger } from "pino";
import { diesWithUs, type StartOptions, startProcess } from "../process/start-process.ts";

export interface ChildOptions extends StartOptions {
  readonly name: string;
  readonly log: Logger;
  /** Called after each death, before the next start. */
  readonly onDeath?: (pid: number) => Promise<void>;
}

const quickDeathMs = 5_000;
const longestPauseMs = 5_000;
const graceMs = 5_000;

/**
 * Keeps one child process alive until disposed: at once after a death, later after one that came
 * soon after its start. Ended gently, then not.
 */
export async function keepChild(
  options: ChildOptions,
): Promise<AsyncDisposable & { pid(): number | undefined }> {
  let ending = false;
  let child: ChildProcess | undefined;
  let resume: () => void = () => {};
  const loop = (async () => {
    let pauseMs = 0;
    while (!ending) {
      const startedMs = Date.now();
      const pid = await life();
      if (pid !== undefined) {
        await options
          .onDeath?.(pid)
          .catch((error: unknown) => options.log.warn({ err: error }, "after a death"));
      }
      if (ending) return;
      pauseMs =
        Date.now() - startedMs > quickDeathMs
          ? 0
          : Math.min(Math.max(pauseMs * 2, 50), longestPauseMs);
      options.log.warn({ child: options.name, pid, pauseMs }, "child died, starting it again");
      await new Promise<void>((resolve) => {
        resume = resolve;
        setTimeout(resolve, pauseMs);
      });
    }
  })();
  return {
    pid: () => child?.pid,
    async [Symbol.asyncDispose]() {
      ending = true;
      resume();
      child?.kill("SIGTERM");
      const timer = setTimeout(() => child?.kill("SIGKILL"), graceMs);
      await loop;
      clearTimeout(timer);
    },
  };

  async function life(): Promise<number | undefined> {
    try {
      const started = await startProcess({
        ...options,
        argv: [...diesWithUs("KILL"), ...options.argv],
      });
      child = started;
      if (ending) started.kill("SIGTERM");
      await new Promise<void>((resolve) => started.once("exit", () => resolve()));
      child = undefined;
      return started.pid;
    } catch (error) {
      options.log.error({ child: options.name, err: error }, "child cannot be started");
      return undefined;
    }
  }
}

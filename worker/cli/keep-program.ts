import type { ChildProcess } from "node:child_process";
import { setTimeout as sleep } from "node:timers/promises";
import { diesWithUs, type StartOptions, startProcess } from "../process/start-process.ts";
import { CliError, exitCodes } from "./exit-codes.ts";

/** A program that a command in the foreground keeps running beside it. */
export interface KeptProgramOptions extends StartOptions {
  /** As in "The worker …". */
  readonly name: string;
  /** Awaited before each start. */
  readonly mayStart?: (signal: AbortSignal) => Promise<void>;
  /** Whether it does its work. */
  readonly isReady: () => Promise<boolean>;
  readonly lastWords: () => Promise<string>;
  readonly note: (line: string) => void;
  /** Between SIGTERM and SIGKILL. */
  readonly graceMs: number;
  /** What the kernel ends it with when we are killed. */
  readonly orphanSignal: "TERM" | "KILL";
}

export interface KeptProgram extends AsyncDisposable {
  /** Rejects when it was ready once and then cannot be kept alive. */
  readonly failed: Promise<never>;
}

const readyTimeoutMs = 120_000;
const longestPauseMs = 5_000;
const quickDeathMs = 5_000;
const mostQuickDeaths = 8;
const settleMs = 20_000;

/**
 * Starts a program and resolves when it is ready; an end before that is an error with its last
 * words. From then on it is started again whenever it dies, until disposed.
 */
export async function keepProgram(options: KeptProgramOptions): Promise<KeptProgram> {
  const ending = new AbortController();
  let child: ChildProcess | undefined;
  let wasReady = false;
  const live = async (): Promise<void> => {
    await options.mayStart?.(ending.signal);
    if (ending.signal.aborted) return;
    child = await startProcess({
      ...options,
      argv: [...diesWithUs(options.orphanSignal), ...options.argv],
    });
    if (ending.signal.aborted) child.kill("SIGTERM");
    const exit = Promise.withResolvers<void>();
    child.once("exit", exit.resolve);
    await exit.promise;
  };
  const keep = async (): Promise<void> => {
    let quickDeaths = 0;
    while (!ending.signal.aborted) {
      const startedMs = Date.now();
      await live();
      if (ending.signal.aborted) return;
      const how = child?.signalCode ?? `exit code ${child?.exitCode}`;
      if (!wasReady) throw await ended(options, `ended at its start (${how})`);
      quickDeaths = Date.now() - startedMs < quickDeathMs ? quickDeaths + 1 : 0;
      if (quickDeaths > mostQuickDeaths)
        throw await ended(options, `dies again and again (${how})`);
      options.note(`The ${options.name} died (${how}); it is started again.`);
      await sleep(quickDeaths === 0 ? 0 : Math.min(100 * 2 ** quickDeaths, longestPauseMs));
    }
  };
  const loop = keep();
  const failed = new Promise<never>((_, reject) => loop.catch(reject));
  failed.catch(() => {});
  const readyOnce = async (): Promise<void> => {
    while (!ending.signal.aborted && !(await options.isReady())) await sleep(100);
  };
  const kept: KeptProgram = {
    failed,
    async [Symbol.asyncDispose]() {
      // One that has just been started again does not listen to signals yet, and would die of one
      // without ending what its forerunner left.
      if (wasReady)
        await Promise.race([
          loop.catch(() => {}),
          readyOnce(),
          sleep(settleMs, undefined, { ref: false }),
        ]);
      ending.abort();
      child?.kill("SIGTERM");
      const timer = setTimeout(() => {
        options.note(`The ${options.name} does not end; it is killed.`);
        child?.kill("SIGKILL");
      }, options.graceMs);
      await loop.catch(() => {});
      clearTimeout(timer);
    },
  };
  try {
    await Promise.race([untilReady(options), failed]);
    wasReady = true;
    return kept;
  } catch (error) {
    await kept[Symbol.asyncDispose]();
    throw error;
  }
}

async function untilReady(options: KeptProgramOptions): Promise<void> {
  const deadlineMs = Date.now() + readyTimeoutMs;
  while (!(await options.isReady())) {
    if (Date.now() > deadlineMs) throw await ended(options, "does not get ready");
    await sleep(50);
  }
}

async function ended(options: KeptProgramOptions, how: string): Promise<CliError> {
  return new CliError(exitCodes.host, `The ${options.name} ${how}: ${await options.lastWords()}`);
}

import { type ChildProcess, type StdioOptions, spawn } from "node:child_process";
import type { Readable } from "node:stream";

/** How to run one program: argv only, never a shell line. */
export interface CommandOptions {
  readonly argv: readonly [string, ...string[]];
  /** The whole environment: nothing of ours is inherited. */
  readonly env: Readonly<Record<string, string>>;
  readonly timeoutMs: number;
  readonly maxOutputBytes: number;
  readonly cwd?: string;
  readonly uid?: number;
  readonly gid?: number;
  readonly input?: string | Buffer | Readable;
  readonly signal?: AbortSignal;
  /** Open descriptors that the program inherits as 3, 4, … (a lock, a spool file). */
  readonly fds?: readonly number[];
  /** Takes stdout instead of the result, for output that is larger than memory. */
  readonly onStdout?: (stdout: Readable) => Promise<void>;
}

export interface CommandResult {
  readonly argv: readonly string[];
  readonly exitCode: number | null;
  readonly signal: string | null;
  readonly stdout: Buffer;
  readonly stderr: string;
  readonly truncated: boolean;
  readonly timedOut: boolean;
}

/** A program that did not do what was asked; the message can be shown to a person. */
export class CommandError extends Error {
  override readonly name = "CommandError";
  readonly result: CommandResult;
  constructor(act: string, result: CommandResult) {
    super(`${act}: ${lastWords(result)}`);
    this.result = result;
  }
}

function lastWords(result: CommandResult): string {
  if (result.timedOut) return `no answer in time (${result.argv.join(" ")})`;
  const lines = result.stderr.trim().split("\n");
  const words = lines.slice(-3).join(" ").slice(-600);
  if (words !== "") return words;
  return result.signal ?? `exit code ${result.exitCode}`;
}

/** The one place of `sandbox/` that starts host programs and waits for their end. */
export async function runCommand(options: CommandOptions): Promise<CommandResult> {
  const { promise, resolve, reject } = Promise.withResolvers<CommandResult>();
  const [program, ...args] = options.argv;
  const child = spawn(program, args, {
    cwd: options.cwd ?? "/",
    env: options.env,
    ...(options.uid === undefined ? {} : { uid: options.uid }),
    ...(options.gid === undefined ? {} : { gid: options.gid }),
    // A group of its own, so that a deadline ends helpers (ssh, remote-https) too.
    detached: true,
    stdio: ["pipe", "pipe", "pipe", ...(options.fds ?? [])],
  });
  const { stdin, stdout, stderr } = child;
  if (stdin === null || stdout === null || stderr === null) throw new Error("no pipes");
  let timedOut = false;
  let truncated = false;
  const out: Buffer[] = [];
  const err: Buffer[] = [];
  const room = { out: options.maxOutputBytes, err: options.maxOutputBytes };
  function kill(): void {
    if (child.pid === undefined) return;
    try {
      process.kill(-child.pid, "SIGKILL");
    } catch {
      // Already gone.
    }
  }
  const timer = setTimeout(() => {
    timedOut = true;
    kill();
  }, options.timeoutMs);
  options.signal?.addEventListener("abort", kill, { once: true });
  function keep(list: Buffer[], side: "out" | "err", chunk: Buffer): void {
    const taken = chunk.subarray(0, room[side]);
    room[side] -= taken.length;
    if (taken.length < chunk.length) truncated = true;
    if (taken.length > 0) list.push(taken);
  }
  let sink: Promise<void> = Promise.resolve();
  if (options.onStdout === undefined) stdout.on("data", (chunk: Buffer) => keep(out, "out", chunk));
  else sink = options.onStdout(stdout);
  stderr.on("data", (chunk: Buffer) => keep(err, "err", chunk));
  // EPIPE only says that the program ended early; its exit code says why.
  stdin.on("error", () => undefined);
  if (options.input === undefined) stdin.end();
  else if (typeof options.input === "string" || Buffer.isBuffer(options.input)) {
    stdin.end(options.input);
  } else options.input.pipe(stdin);
  child.on("error", reject);
  child.on("close", (exitCode, signal) => {
    const stdoutBytes = Buffer.concat(out);
    const result: CommandResult = {
      argv: options.argv,
      exitCode,
      signal,
      stdout: stdoutBytes,
      stderr: Buffer.concat(err).toString("utf8"),
      truncated,
      timedOut,
    };
    sink.then(() => resolve(result), reject);
  });
  try {
    return await promise;
  } finally {
    clearTimeout(timer);
    options.signal?.removeEventListener("abort", kill);
  }
}

/** Runs and throws `CommandError` unless it exits 0. `act` names the deed ("cloning repository"). */
export async function runOrThrow(act: string, options: CommandOptions): Promise<CommandResult> {
  const result = await runCommand(options);
  if (result.exitCode !== 0 || result.timedOut) throw new CommandError(act, result);
  return result;
}

/** How to start a program that outlives the call: its streams belong to the caller. */
export interface LongCommandOptions {
  readonly argv: readonly [string, ...string[]];
  readonly env: Readonly<Record<string, string>>;
  readonly stdio: StdioOptions;
  readonly cwd?: string;
  readonly uid?: number;
  readonly gid?: number;
  /** A session of its own: it does not die with us. */
  readonly detached?: boolean;
}

/** Starts a program and answers the handle; whoever starts it also ends it. */
export function startCommand(options: LongCommandOptions): ChildProcess {
  const [program, ...args] = options.argv;
  return spawn(program, args, {
    cwd: options.cwd ?? "/",
    env: options.env,
    stdio: options.stdio,
    detached: options.detached ?? false,
    ...(options.uid === undefined ? {} : { uid: options.uid }),
    ...(options.gid === undefined ? {} : { gid: options.gid }),
  });
}

import { type ChildProcess, spawn } from "node:child_process";

/** A program of ours or of the host that lives beside us, such as redis-server or the bot. */
export interface StartOptions {
  readonly argv: readonly [string, ...string[]];
  /** The whole environment: nothing is inherited. */
  readonly env: Readonly<Record<string, string>>;
  readonly cwd?: string;
  readonly uid?: number;
  readonly gid?: number;
  /** A session of its own: it outlives us and gets no signal of our terminal. */
  readonly detached?: boolean;
  /** Descriptors 0, 1, 2 and on. */
  readonly stdio: readonly ("ignore" | "inherit" | "pipe" | number)[];
}

/** The one place of `worker/` that starts long-lived programs; resolves once it is running. */
export async function startProcess(options: StartOptions): Promise<ChildProcess> {
  const [program, ...args] = options.argv;
  const child = spawn(program, args, {
    cwd: options.cwd ?? "/",
    env: options.env,
    // Node drops the supplementary groups too when it changes the uid.
    ...(options.uid === undefined ? {} : { uid: options.uid }),
    ...(options.gid === undefined ? {} : { gid: options.gid }),
    detached: options.detached ?? false,
    stdio: [...options.stdio],
  });
  await new Promise<void>((resolve, reject) => {
    child.once("spawn", resolve);
    child.once("error", reject);
  });
  return child;
}

/**
 * Put before a command line: the kernel ends the program when we die, however we die, so that
 * nothing of ours outlives us with a port or a lock in its hands.
 */
export function diesWithUs(signal: "TERM" | "KILL"): readonly [string, ...string[]] {
  return ["setpriv", "--pdeathsig", signal, "--"];
}

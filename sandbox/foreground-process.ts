import type { ChildProcess } from "node:child_process";
import { existsSync } from "node:fs";
import { constants } from "node:os";
import { startCommand } from "./command.ts";
import { systemEnvironment } from "./host-environment.ts";
import { signalGroup, waitForPid } from "./keeper/pid-file.ts";

/** The streams of the command in front. */
export interface FrontStreams {
  readonly stdin: NodeJS.ReadStream;
  readonly stdout: NodeJS.WriteStream;
  readonly stderr: NodeJS.WriteStream;
}

const passedOn = ["SIGINT", "SIGTERM", "SIGHUP", "SIGQUIT", "SIGUSR1", "SIGUSR2"] as const;
/** After one of these the program has so long to end by itself. */
const lastWords: readonly NodeJS.Signals[] = ["SIGTERM", "SIGHUP"];
const graceMs = 10_000;
/** A person who presses Ctrl-C this often means it. */
const impatience = 3;
const notFound = 127;

/** Runs a prepared exec with our streams and signals; answers the exit code as a shell counts it. */
export async function runInFront(
  argv: readonly [string, ...string[]],
  pidFile: string,
  streams: FrontStreams,
): Promise<number> {
  const child = startCommand({
    argv,
    env: systemEnvironment,
    // Never our own descriptors: the sandbox could change what is behind them.
    stdio: ["pipe", "pipe", "pipe"],
    // A Ctrl-C must come to us alone, who pass it on.
    detached: true,
  });
  connectStreams(child, streams);
  using _signals = passSignals((signal) => {
    void waitForPid(pidFile, () => child.exitCode !== null).then((pid) => {
      if (pid !== undefined) signalGroup(pid, signal);
    });
  });
  return await new Promise<number>((resolve, reject) => {
    child.on("error", reject);
    const finish = (code: number | null, signal: NodeJS.Signals | null) => {
      // Without a pid the runtime never began the program: a shell says 127 then.
      if (code !== 0 && !existsSync(pidFile)) resolve(notFound);
      else resolve(code ?? (signal === null ? 1 : 128 + constants.signals[signal]));
    };
    child.on("close", finish);
    // A daemon inside may hold the pipes: the end of the program is the end.
    child.on("exit", (code, signal) => setTimeout(() => finish(code, signal), 500));
  });
}

function connectStreams(child: ChildProcess, streams: FrontStreams): void {
  const { stdin, stdout, stderr } = child;
  stdin?.on("error", () => undefined);
  if (stdin !== null) streams.stdin.pipe(stdin);
  stdout?.pipe(streams.stdout, { end: false });
  stderr?.pipe(streams.stderr, { end: false });
  // `| head -1`: the program is told by SIGPIPE, as it would be without us.
  streams.stdout.on("error", () => stdout?.destroy());
  streams.stderr.on("error", () => stderr?.destroy());
}

/** Gives the signals that we get to the program inside. */
export function passSignals(send: (signal: NodeJS.Signals) => void): Disposable {
  const counts = new Map<NodeJS.Signals, number>();
  const timers: NodeJS.Timeout[] = [];
  function pass(signal: NodeJS.Signals): void {
    const count = (counts.get(signal) ?? 0) + 1;
    counts.set(signal, count);
    const isEnough = signal === "SIGINT" && count >= impatience;
    send(isEnough ? "SIGKILL" : signal);
    if (lastWords.includes(signal)) {
      timers.push(setTimeout(() => send("SIGKILL"), graceMs));
    }
  }
  for (const signal of passedOn) process.on(signal, pass);
  return {
    [Symbol.dispose]() {
      for (const signal of passedOn) process.off(signal, pass);
      for (const timer of timers) clearTimeout(timer);
    },
  };
}

import type { ChildProcess } from "node:child_process";
import { readFileSync } from "node:fs";
import { constants } from "node:os";
import { startCommand } from "./command.ts";
import { systemEnvironment } from "./host-environment.ts";

/** The streams of the command in front, and whether a person's terminal is behind them. */
export interface FrontStreams {
  readonly stdin: NodeJS.ReadStream;
  readonly stdout: NodeJS.WriteStream;
  readonly stderr: NodeJS.WriteStream;
  readonly isTerminal: boolean;
}

const passedOn = ["SIGINT", "SIGTERM", "SIGHUP", "SIGQUIT", "SIGUSR1", "SIGUSR2"] as const;
/** After one of these the program has so long to end by itself. */
const lastWords: readonly NodeJS.Signals[] = ["SIGTERM", "SIGHUP"];
const graceMs = 10_000;
/** A person who presses Ctrl-C this often means it. */
const impatience = 3;

/** Runs a prepared exec with our streams and signals; answers the exit code as a shell counts it. */
export async function runInFront(
  argv: readonly [string, ...string[]],
  pidFile: string,
  streams: FrontStreams,
): Promise<number> {
  const child = startCommand({
    argv,
    env: systemEnvironment,
    // Never our own descriptors but a terminal's: the sandbox could change what is behind them.
    stdio: streams.isTerminal ? "inherit" : ["pipe", "pipe", "pipe"],
    // A terminal's Ctrl-C must come to us alone; with a terminal of its own it comes as a byte.
    detached: !streams.isTerminal,
  });
  if (!streams.isTerminal) connectStreams(child, streams);
  using _signals = passSignals(pidFile);
  return await new Promise<number>((resolve, reject) => {
    child.on("error", reject);
    child.on(streams.isTerminal ? "exit" : "close", (code, signal) => {
      resolve(code ?? (signal === null ? 1 : 128 + constants.signals[signal]));
    });
    // A daemon inside may hold the pipes: the end of the program is the end.
    child.on("exit", (code) => setTimeout(() => resolve(code ?? 1), 500).unref());
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
function passSignals(pidFile: string): Disposable {
  const counts = new Map<NodeJS.Signals, number>();
  const timers: NodeJS.Timeout[] = [];
  function pass(signal: NodeJS.Signals): void {
    const count = (counts.get(signal) ?? 0) + 1;
    counts.set(signal, count);
    const isEnough = signal === "SIGINT" && count >= impatience;
    sendSignal(pidFile, isEnough ? "SIGKILL" : signal);
    if (lastWords.includes(signal)) {
      timers.push(setTimeout(() => sendSignal(pidFile, "SIGKILL"), graceMs));
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

/** To the program's group, as a terminal would; its host pid is in the runtime's file. */
function sendSignal(pidFile: string, signal: NodeJS.Signals): void {
  for (const sign of [-1, 1]) {
    try {
      process.kill(sign * Number(readFileSync(pidFile, "utf8")), signal);
      return;
    } catch {
      // Not begun, ended, or without a group of its own.
    }
  }
}

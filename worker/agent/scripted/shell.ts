import { type ChildProcess, spawn } from "node:child_process";

/** How a command of the script ended. */
export interface ShellResult {
  readonly exitCode: number;
  readonly output: string;
}

const maxKeptChars = 16_000;

/**
 * Runs a command of the script. This program is no part of the host side: it lives in the sandbox,
 * where it may start whatever it likes. Aborting kills the whole process group.
 */
export function runShell(
  command: string,
  options: {
    readonly cwd: string;
    readonly signal: AbortSignal;
    readonly onOutput: (whole: string) => void;
  },
): Promise<ShellResult> {
  const child = spawn("sh", ["-c", command], {
    cwd: options.cwd,
    detached: true,
    stdio: ["ignore", "pipe", "pipe"],
  });
  const kill = (): void => killGroup(child);
  options.signal.addEventListener("abort", kill, { once: true });
  let output = "";
  const take = (piece: string): void => {
    output = (output + piece).slice(-maxKeptChars);
    options.onOutput(output);
  };
  child.stdout.setEncoding("utf8").on("data", take);
  child.stderr.setEncoding("utf8").on("data", take);
  return new Promise((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (exitCode) => {
      options.signal.removeEventListener("abort", kill);
      resolve({ exitCode: exitCode ?? 137, output });
    });
  });
}

/** Starts a server that outlives the turn, as a developer would in a second terminal. */
export function startServer(argv: readonly string[], cwd: string, port: number): void {
  const child = spawn("env", [`PORT=${port}`, ...argv], { cwd, detached: true, stdio: "ignore" });
  // A server that cannot start is told by the wait for its port.
  child.on("error", () => undefined);
  child.unref();
}

function killGroup(child: ChildProcess): void {
  if (child.pid === undefined) return;
  try {
    process.kill(-child.pid, "SIGKILL");
  } catch {
    // It ended by itself in between.
  }
}

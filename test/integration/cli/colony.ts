import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { type StateFolder, stateFolder } from "../../../sandbox/state-folder.ts";

const shared = process.env.COLONY_SHARED ?? "/var/lib/colony/shared";
const runtime = process.env.COLONY_RUNTIME;
/** As the launcher starts it: from the copy of the code that everybody may read. */
export const main =
  runtime === undefined
    ? join(import.meta.dirname, "../../../worker/cli/main.ts")
    : join(runtime, "worker/cli/main.js");

/** A state folder of its own, with nothing running in it. */
export interface Installation extends AsyncDisposable {
  readonly folder: StateFolder;
  readonly home: string;
  readonly port: number;
  /** Starts the real command. */
  start(args: readonly string[], options?: StartOptions): Command;
  /** Starts it and waits for its end. */
  run(args: readonly string[], options?: StartOptions): Promise<Ended>;
  /** Processes that belong to this state folder, as the kernel has them. */
  processes(): readonly string[];
}

export interface StartOptions {
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
  readonly input?: string;
}

export interface Command {
  readonly pid: number;
  /** What it has said so far. */
  output(): { readonly stdout: string; readonly stderr: string };
  /** Resolves with the first match in stdout or stderr; rejects when it ends without. */
  says(pattern: RegExp): Promise<RegExpExecArray>;
  kill(signal: NodeJS.Signals): void;
  readonly ended: Promise<Ended>;
}

export interface Ended {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

export async function openInstallation(): Promise<Installation> {
  const parent = process.env.COLONY_TEST_HOME ?? "/var/lib/colony-test";
  mkdirSync(parent, { recursive: true, mode: 0o755 });
  const home = mkdtempSync(join(parent, "cli-"));
  const folder = stateFolder(home, shared);
  const [port, previewPort] = await Promise.all([freePort(), freePort()]);
  const started = new Set<Command>();
  const installation: Installation = {
    folder,
    home,
    port,
    start(args, options = {}) {
      const command = startCommand([process.execPath, main, ...args], {
        ...options,
        env: {
          PATH: process.env.PATH ?? "/usr/sbin:/usr/bin:/sbin:/bin",
          HOME: "/root",
          COLONY_HOME: home,
          COLONY_SHARED: shared,
          COLONY_PREVIEW_PORT: String(previewPort),
          PORT: String(port),
          NODE_COMPILE_CACHE: join(shared, "compile-cache"),
          ...(runtime === undefined ? {} : { COLONY_RUNTIME: runtime }),
          ...options.env,
        },
      });
      started.add(command);
      return command;
    },
    run(args, options) {
      return installation.start(args, options).ended;
    },
    processes: () => processesOf(home),
    async [Symbol.asyncDispose]() {
      for (const command of started) command.kill("SIGKILL");
      // A killed command's worker ends by itself; what does not is a leftover of a failed test.
      for (const line of processesOf(home)) killIfThere(Number(line.split(" ")[0]));
      rmSync(home, { recursive: true, force: true });
    },
  };
  return installation;
}

function killIfThere(pid: number): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch {
    // It ended meanwhile.
  }
}

export function startCommand(
  argv: readonly string[],
  options: StartOptions & { readonly env: Readonly<Record<string, string>> },
): Command {
  const [program = "", ...args] = argv;
  const child = spawn(program, args, {
    env: options.env,
    cwd: options.cwd ?? "/",
    stdio: ["pipe", "pipe", "pipe"],
  });
  child.stdin.on("error", () => {});
  child.stdin.end(options.input ?? "");
  let stdout = "";
  let stderr = "";
  const listeners = new Set<() => void>();
  const hear = () => {
    for (const listener of listeners) listener();
  };
  child.stdout.setEncoding("utf8").on("data", (chunk) => {
    stdout += chunk;
    hear();
  });
  child.stderr.setEncoding("utf8").on("data", (chunk) => {
    stderr += chunk;
    hear();
  });
  let hasEnded = false;
  const ended = once(child, "close").then(([code, signal]): Ended => {
    hasEnded = true;
    hear();
    return { code, signal, stdout, stderr };
  });
  return {
    pid: child.pid ?? 0,
    output: () => ({ stdout, stderr }),
    says(pattern) {
      const { promise, resolve, reject } = Promise.withResolvers<RegExpExecArray>();
      const look = () => {
        const found = pattern.exec(stdout) ?? pattern.exec(stderr);
        if (found !== null) resolve(found);
        else if (hasEnded) reject(new Error(`it ended without ${pattern}:\n${stdout}\n${stderr}`));
      };
      listeners.add(look);
      look();
      return promise.finally(() => listeners.delete(look));
    },
    kill: (signal) => void child.kill(signal),
    ended,
  };
}

/** Every process whose environment or command line names the folder: `PID COMMAND…`. */
export function processesOf(home: string): readonly string[] {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid)
    .flatMap((pid) => {
      try {
        const line = readFileSync(`/proc/${pid}/cmdline`, "latin1").replaceAll("\0", " ").trim();
        const environment = readFileSync(`/proc/${pid}/environ`, "latin1").split("\0");
        const isOurs = line.includes(home) || environment.includes(`COLONY_HOME=${home}`);
        // A kernel thread or a zombie has no command line, and nothing left to run.
        return isOurs && line !== "" ? [`${pid} ${line}`] : [];
      } catch {
        return [];
      }
    });
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  server.close();
  return typeof address === "object" && address !== null ? address.port : 0;
}

/** Runs git and answers what it printed. */
export async function git(cwd: string, ...args: readonly string[]): Promise<string> {
  const identity = ["-c", "user.name=Grace", "-c", "user.email=grace@example.org"];
  const child = spawn("git", ["-C", cwd, ...identity, ...args], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const [out, [code]] = await Promise.all([text(child.stdout), once(child, "close")]);
  if (code !== 0) throw new Error(`git ${args.join(" ")} ended with ${code}`);
  return out.trim();
}

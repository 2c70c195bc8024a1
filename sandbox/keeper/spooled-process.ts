import type { ChildProcess } from "node:child_process";
import { existsSync } from "node:fs";
import type { Readable } from "node:stream";
import { startCommand } from "../command.ts";
import { systemEnvironment } from "../host-environment.ts";
import type { Exit, ProcessSpec } from "../spec.ts";
import { decideExit } from "./exit.ts";
import { type ExecTarget, prepareExec } from "./inside-command.ts";
import { signalGroup, waitForPid } from "./pid-file.ts";
import { killTree } from "./process-tree.ts";
import { SpoolFile, type SpoolPaths, saveExit } from "./spool.ts";
import { openTerminal } from "./terminal.ts";

/** More output than this from one process is no log any more: it is killed. */
const maxSpoolBytes = 1024 ** 3;
/** A daemon may hold the pipe for ever; bytes that the program wrote are there long before. */
const drainTimeoutMs = 500;

/** A program inside, with its bytes in files. */
export interface SpooledProcess {
  readonly name: string;
  readonly size: number;
  readonly exit: Exit | undefined;
  write(bytes: Buffer): void;
  closeInput(): void;
  resize(columns: number, rows: number): void;
  kill(signal: NodeJS.Signals): Promise<void>;
  readonly ended: Promise<Exit>;
}

/** What a spooled process asks of its keeper. */
export interface SpoolHost {
  readonly target: ExecTarget;
  outOfMemoryKills(): number;
  isDiskFull(): boolean;
  onOutput(name: string, size: number): void;
}

/** What both kinds (pipes, terminal) come down to. */
export interface Channel {
  write(bytes: Buffer): void;
  closeInput(): void;
  resize(columns: number, rows: number): void;
  readonly ended: Promise<{ readonly code: number | null; readonly signal: string | null }>;
}

/** Starts the program; its end is on disk before `ended` resolves. */
export async function startSpooled(
  spec: ProcessSpec,
  paths: SpoolPaths,
  host: SpoolHost,
): Promise<SpooledProcess> {
  const out = new SpoolFile(paths.out);
  const killsBefore = host.outOfMemoryKills();
  const take = (bytes: Buffer): void => {
    out.append(bytes);
    host.onOutput(spec.name, out.size);
    if (out.size > maxSpoolBytes) void kill("SIGKILL");
  };
  const channel =
    spec.terminal === undefined
      ? openPipes(prepareExec(host.target, spec, paths), paths, take)
      : await openTerminal(spec, spec.terminal, host.target, paths, take);
  let exit: Exit | undefined;

  async function kill(signal: NodeJS.Signals): Promise<void> {
    const pid = await waitForPid(paths.pidFile, () => exit !== undefined);
    if (pid === undefined || exit !== undefined) return;
    if (signal === "SIGKILL") killTree(pid);
    else signalGroup(pid, signal);
  }

  const ended = channel.ended.then((end) => {
    exit = decideExit({
      ...end,
      outOfMemoryKills: host.outOfMemoryKills() - killsBefore,
      diskFull: host.isDiskFull(),
      hasBegun: existsSync(paths.pidFile),
    });
    out[Symbol.dispose]();
    saveExit(paths.exit, exit);
    return exit;
  });
  return {
    name: spec.name,
    get size() {
      return out.size;
    },
    get exit() {
      return exit;
    },
    write: channel.write,
    closeInput: channel.closeInput,
    resize: channel.resize,
    kill,
    ended,
  };
}

function openPipes(
  argv: [string, ...string[]],
  paths: SpoolPaths,
  take: (bytes: Buffer) => void,
): Channel {
  const child = startCommand({ argv, env: systemEnvironment, stdio: ["pipe", "pipe", "pipe"] });
  const input = new SpoolFile(paths.in);
  const errors = new SpoolFile(paths.err);
  child.stdin?.on("error", () => undefined);
  child.stdout?.on("data", take);
  child.stderr?.on("data", (bytes: Buffer) => {
    if (errors.size < maxSpoolBytes) errors.append(bytes);
  });
  const ended = waitForEnd(child).finally(() => errors[Symbol.dispose]());
  return {
    write(bytes) {
      // On disk first: an adopter must know what the program may have been told.
      input.append(bytes);
      child.stdin?.write(bytes);
    },
    closeInput() {
      child.stdin?.end();
    },
    resize() {
      // Pipes have no size.
    },
    ended,
  };
}

async function waitForEnd(
  child: ChildProcess,
): Promise<{ code: number | null; signal: string | null }> {
  const { promise, resolve, reject } = Promise.withResolvers<{
    code: number | null;
    signal: string | null;
  }>();
  child.on("error", reject);
  child.on("exit", (code, signal) => {
    const timer = setTimeout(done, drainTimeoutMs);
    child.on("close", done);
    function done(): void {
      clearTimeout(timer);
      for (const stream of [child.stdout, child.stderr] as (Readable | null)[]) stream?.destroy();
      resolve({ code, signal });
    }
  });
  return promise;
}

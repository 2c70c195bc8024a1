import { type ChildProcess, execFile, spawn } from "node:child_process";
import {
  appendFileSync,
  existsSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { open } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { spawn as spawnTerminal } from "node-pty";
import type {
  ExecResult,
  Exit,
  ProcessSpec,
  Sandbox,
  SandboxProcess,
} from "../../../sandbox/sandbox.ts";

/**
 * The keeper's part without a sandbox: real programs, real spool files. Adapters are opened and
 * dropped over it as drivers die; it stays, as a keeper does.
 */
export class SpooledProcesses implements Pick<Sandbox, "start" | "process" | "exec"> {
  readonly folder: string;
  readonly home: string;
  readonly workspace: string;
  readonly #processes = new Map<string, SpooledProcess>();

  constructor(folder = mkdtempSync(join(tmpdir(), "colony-agent-"))) {
    this.folder = folder;
    this.home = join(folder, "home");
    this.workspace = mkdtempSync(join(folder, "workspace-"));
  }

  async start(spec: ProcessSpec): Promise<SandboxProcess> {
    const known = this.#processes.get(spec.name);
    if (known) return known;
    const process = new SpooledProcess(this.folder, spec);
    this.#processes.set(spec.name, process);
    return process;
  }

  async process(name: string): Promise<SandboxProcess | undefined> {
    return this.#processes.get(name);
  }

  exec(argv: readonly string[], options: Parameters<Sandbox["exec"]>[1]): Promise<ExecResult> {
    const [command = "", ...args] = argv;
    return new Promise((resolve) => {
      execFile(
        command,
        args,
        { cwd: options.cwd, env: { PATH: process.env.PATH, ...options.env } },
        (error, stdout, stderr) =>
          resolve({
            exitCode: error ? Number(error.code ?? 1) : 0,
            signal: null,
            outOfMemory: false,
            output: stdout + stderr,
            truncated: false,
            timedOut: false,
          }),
      );
    });
  }

  [Symbol.dispose](): void {
    for (const process of this.#processes.values()) void process.kill("SIGKILL");
    rmSync(this.folder, { recursive: true, force: true });
  }
}

class SpooledProcess implements SandboxProcess {
  readonly name: string;
  readonly spoolPath: string;
  readonly #inputPath: string;
  readonly #exited: Promise<Exit>;
  readonly #watchers = new Set<() => void>();
  readonly #write: (bytes: Uint8Array | string) => void;
  readonly #end: () => void;
  readonly #pid: number | undefined;
  #over = false;
  #changes = 0;

  constructor(folder: string, spec: ProcessSpec) {
    this.name = spec.name;
    this.spoolPath = join(folder, `${spec.name}.out`);
    this.#inputPath = join(folder, `${spec.name}.in`);
    writeFileSync(this.spoolPath, "");
    writeFileSync(this.#inputPath, "");
    const env = { PATH: process.env.PATH ?? "", ...spec.env };
    const [command = "", ...args] = spec.argv;
    if (spec.terminal) {
      const { columns: cols, rows } = spec.terminal;
      const terminal = spawnTerminal(command, args, {
        cwd: spec.cwd,
        env,
        cols,
        rows,
        encoding: null,
      });
      this.#pid = terminal.pid;
      terminal.onData((data) => this.#spool(data));
      this.#write = (bytes) => terminal.write(Buffer.from(bytes));
      this.#end = () => undefined;
      this.#exited = new Promise((resolve) => {
        terminal.onExit(({ exitCode, signal }) => {
          const killed = signal ? `signal ${signal}` : null;
          resolve({ exitCode: killed ? null : exitCode, signal: killed, outOfMemory: false });
        });
      });
    } else {
      const child = spawn(command, args, { cwd: spec.cwd, env, stdio: "pipe", detached: true });
      this.#pid = child.pid;
      child.stdout.on("data", (data) => this.#spool(data));
      child.stderr.on("data", (data) =>
        appendFileSync(this.spoolPath.replace(/out$/, "err"), data),
      );
      child.stdin.on("error", () => undefined);
      this.#write = (bytes) => child.stdin.write(bytes);
      this.#end = () => child.stdin.end();
      this.#exited = exitOf(child);
    }
    void this.#exited.then(() => {
      this.#over = true;
      this.#wake();
    });
  }

  async *output(
    fromOffset: number,
    signal?: AbortSignal,
  ): AsyncGenerator<{ offset: number; bytes: Buffer }> {
    let offset = fromOffset;
    for (;;) {
      const over = this.#over;
      const seen = this.#changes;
      const bytes = await readFrom(this.spoolPath, offset);
      if (signal?.aborted) return;
      if (bytes.length > 0) {
        yield { offset, bytes };
        offset += bytes.length;
      } else if (over) return;
      else if (seen === this.#changes) await this.#change(signal);
    }
  }

  async inputSoFar(): Promise<Buffer> {
    return readFileSync(this.#inputPath);
  }

  async write(bytes: Uint8Array | string): Promise<void> {
    appendFileSync(this.#inputPath, bytes);
    this.#write(bytes);
  }

  async closeInput(): Promise<void> {
    this.#end();
  }

  async resize(): Promise<void> {}

  async kill(signal: NodeJS.Signals): Promise<void> {
    if (this.#over || this.#pid === undefined) return;
    try {
      process.kill(-this.#pid, signal);
    } catch {
      // It ended in between.
    }
  }

  exited(): Promise<Exit> {
    return this.#exited;
  }

  #spool(data: Uint8Array | string): void {
    // A late word of a process whose folder is gone.
    if (!existsSync(this.spoolPath)) return;
    appendFileSync(this.spoolPath, data);
    this.#wake();
  }

  #wake(): void {
    this.#changes++;
    for (const watcher of this.#watchers) watcher();
  }

  #change(signal: AbortSignal | undefined): Promise<void> {
    return new Promise((resolve) => {
      const done = (): void => {
        this.#watchers.delete(done);
        signal?.removeEventListener("abort", done);
        resolve();
      };
      this.#watchers.add(done);
      signal?.addEventListener("abort", done);
    });
  }
}

function exitOf(child: ChildProcess): Promise<Exit> {
  return new Promise((resolve) => {
    child.on("error", () => resolve({ exitCode: 127, signal: null, outOfMemory: false }));
    child.on("close", (exitCode, signal) => resolve({ exitCode, signal, outOfMemory: false }));
  });
}

async function readFrom(path: string, offset: number): Promise<Buffer> {
  const file = await open(path, "r");
  try {
    const { bytesRead, buffer } = await file.read(Buffer.alloc(65_536), 0, 65_536, offset);
    return buffer.subarray(0, bytesRead);
  } finally {
    await file.close();
  }
}

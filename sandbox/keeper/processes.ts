import { existsSync, mkdirSync, readdirSync, statSync } from "node:fs";
import type { Exit, ProcessSpec } from "../spec.ts";
import { type ProcessState, processNamePattern } from "./protocol.ts";
import { readExit, saveExit, spoolPaths } from "./spool.ts";
import { type SpooledProcess, type SpoolHost, startSpooled } from "./spooled-process.ts";

/** Every program that this keeper has started, by name. */
export interface Processes {
  start(spec: ProcessSpec): Promise<ProcessState>;
  find(name: string): ProcessState | undefined;
  live(name: string): SpooledProcess;
  liveNames(): readonly string[];
  /** Resolves when every live process has its exit record. */
  settled(): Promise<void>;
}

/** What nobody could wait for: its keeper died first. */
const lost: Exit = { exitCode: null, signal: null, outOfMemory: false };

/** Opens the spool folder; what an earlier keeper left without an end gets one. */
export function openProcesses(
  spoolFolder: string,
  host: SpoolHost,
  onExit: (state: ProcessState & { readonly exit: Exit }) => void,
): Processes {
  mkdirSync(spoolFolder, { recursive: true, mode: 0o700 });
  for (const file of readdirSync(spoolFolder)) {
    if (!file.endsWith(".out")) continue;
    const { exit } = spoolPaths(spoolFolder, file.slice(0, -".out".length));
    if (!existsSync(exit)) saveExit(exit, lost);
  }
  const started = new Map<string, Promise<SpooledProcess>>();
  const live = new Map<string, SpooledProcess>();

  function find(name: string): ProcessState | undefined {
    const running = live.get(name);
    if (running !== undefined) return stateOf(running);
    const paths = spoolPaths(spoolFolder, name);
    const exit = readExit(paths.exit);
    if (exit === undefined) return undefined;
    return { name, size: existsSync(paths.out) ? statSync(paths.out).size : 0, exit };
  }

  async function begin(spec: ProcessSpec): Promise<SpooledProcess> {
    const process = await startSpooled(spec, spoolPaths(spoolFolder, spec.name), host);
    live.set(spec.name, process);
    void process.ended.then((exit) => {
      live.delete(spec.name);
      onExit({ name: spec.name, size: process.size, exit });
    });
    return process;
  }

  return {
    find,
    async start(spec) {
      if (!processNamePattern.test(spec.name))
        throw new Error(`"${spec.name}" is no process name.`);
      const known = find(spec.name);
      if (known !== undefined) return known;
      const starting = started.get(spec.name) ?? begin(spec);
      started.set(spec.name, starting);
      return stateOf(await starting);
    },
    live(name) {
      const process = live.get(name);
      if (process === undefined) throw new Error(`No process "${name}" runs here.`);
      return process;
    },
    liveNames: () => [...live.keys()],
    async settled() {
      await Promise.all([...live.values()].map((process) => process.ended));
    },
  };
}

function stateOf(process: SpooledProcess): ProcessState {
  const { name, size, exit } = process;
  return exit === undefined ? { name, size } : { name, size, exit };
}

import { randomBytes } from "node:crypto";
import { realpath, stat } from "node:fs/promises";
import { join } from "node:path";
import type { InsideProcess } from "./bundle/process.ts";
import { endSandbox, removeSandboxFiles } from "./ending.ts";
import { type FrontStreams, runInFront } from "./foreground-process.ts";
import { runInTerminal } from "./foreground-terminal.ts";
import { prepareExec } from "./keeper/inside-command.ts";
import { readKeeperSpec } from "./keeper/keeper-spec.ts";
import { sandboxPaths } from "./keeper-paths.ts";
import { launchSandbox } from "./open.ts";
import { openedSandbox } from "./opened-sandbox.ts";
import { markOwner } from "./opening.ts";
import type { OpenOptions } from "./prepare.ts";
import type { EgressLimits, EgressPolicy, SandboxLimits, SandboxSpec } from "./spec.ts";
import type { StateFolder } from "./state-folder.ts";
import type { WorkspaceMount } from "./workspace.ts";

/** What `colony sandbox run` was told. */
export interface ForegroundRun {
  readonly argv: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly limits: SandboxLimits;
  readonly egress: EgressPolicy;
  readonly egressLimits?: EgressLimits;
  /** A folder of the host that is writable inside, as its owner. */
  readonly workspace?: string;
  readonly streams: FrontStreams;
}

/** Ids of sandboxes in the foreground: what is left of a killed one is swept with its files. */
export const foregroundPrefix = "run-";

/**
 * Runs one program in a sandbox of its own and leaves nothing. The keeper ends the sandbox when we
 * die by SIGKILL; its folders and cgroups are then swept by the next command.
 */
export async function runForeground(
  folder: StateFolder,
  run: ForegroundRun,
  options: OpenOptions,
): Promise<number> {
  const id = `${foregroundPrefix}${randomBytes(4).toString("hex")}`;
  const spec: SandboxSpec = {
    id,
    epoch: 0,
    hostname: id,
    ...(run.workspace === undefined ? {} : { workspace: await folderMount(run.workspace) }),
    binds: [],
    limits: run.limits,
    egress: run.egress,
    ...(run.egressLimits === undefined ? {} : { egressLimits: run.egressLimits }),
    forwards: [],
  };
  // A signal while the sandbox is being made ends the wait for it, not the cleaning up.
  const early = holdSignals();
  using _owner = markOwner(sandboxPaths(folder, id));
  try {
    const kept = await launchSandbox(folder, spec, options);
    await kept.client.request({ op: "bind" });
    let diskFull = false;
    kept.client.onEvent((event) => {
      if (event.event === "stopped" && event.reason === "disk-full") diskFull = true;
    });
    const caught = early.release();
    if (caught !== undefined) return 128 + caught;
    const program = { argv: run.argv, env: run.env, cwd: "/workspace" };
    const { stdin, stdout } = run.streams;
    const code =
      stdin.isTTY && stdout.isTTY
        ? await runInTerminal(openedSandbox(folder, id, kept), program, run.streams)
        : await runPiped(folder, id, program, run);
    if (diskFull) say(run, "stopped: its files outgrew the limit (--disk).");
    return code;
  } finally {
    early.release();
    const receipt = await endSandbox(folder, id);
    await removeSandboxFiles(folder, id);
    const left = receipt.processes + receipt.mounts + receipt.cgroups;
    if (left > 0) say(run, `left behind: ${JSON.stringify(receipt)}`);
  }
}

function say(run: ForegroundRun, sentence: string): void {
  run.streams.stderr.write(`sandbox: ${sentence}\n`);
}

async function runPiped(
  folder: StateFolder,
  id: string,
  program: InsideProcess,
  run: ForegroundRun,
): Promise<number> {
  const paths = sandboxPaths(folder, id);
  const pidFile = join(paths.private, "front.pid");
  const { crunPath, openFiles, network } = readKeeperSpec(paths.spec);
  const { runtimeState } = paths;
  const env = network?.host.environment ?? {};
  const target = { sandboxId: id, crunPath, runtimeState, limits: run.limits, openFiles, env };
  const files = { processFile: join(paths.private, "front.json"), pidFile };
  return runInFront(prepareExec(target, program, files), pidFile, run.streams);
}

async function folderMount(path: string): Promise<WorkspaceMount> {
  const real = await realpath(path);
  const found = await stat(real);
  if (!found.isDirectory()) throw new Error(`${path} is no folder.`);
  return { kind: "folder", path: real, ownerUid: found.uid, ownerGid: found.gid };
}

function holdSignals(): { release(): number | undefined } {
  let caught: number | undefined;
  const listeners = (
    [
      ["SIGINT", 2],
      ["SIGTERM", 15],
      ["SIGHUP", 1],
    ] as const
  ).map(([signal, number]) => {
    const listener = () => {
      caught = number;
    };
    process.on(signal, listener);
    return () => process.off(signal, listener);
  });
  return {
    release() {
      for (const off of listeners) off();
      return caught;
    },
  };
}

import { readFileSync, renameSync, writeFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import {
  countOutOfMemoryKills,
  freezeGroup,
  killGroup,
  readCgroupLayout,
  thawGroup,
} from "../cgroups/cgroup.ts";
import { boxGroup } from "../cgroups/names.ts";
import { runCommand } from "../command.ts";
import { systemEnvironment, toolPath } from "../host-environment.ts";
import { type SandboxPaths, sandboxPaths } from "../keeper-paths.ts";
import type { Network } from "../network/network.ts";
import { type StateFolder, stateFolder } from "../state-folder.ts";
import { noteStop } from "../stop-reason.ts";
import type { WorkspaceMount } from "../workspace.ts";
import { openDiskWatch } from "./disk-watch.ts";
import { openFreezer } from "./freezer.ts";
import { openHandler } from "./handler.ts";
import { openKeeperNetwork } from "./keeper-network.ts";
import type { KeeperRecord, KeeperSpec } from "./keeper-spec.ts";
import { openLookout } from "./lookout.ts";
import { openPortWatch } from "./port-watch.ts";
import { readProcess } from "./process-tree.ts";
import { openProcesses } from "./processes.ts";
import { type Client, type KeeperServer, openKeeperServer } from "./server.ts";
import { openSleeper } from "./sleeper.ts";

/** A driver is woken at most this often by a process that prints without pause. */
const outputEventIntervalMs = 10;

/** A kept sandbox: what was written down, its end, and where to note mishaps. */
export interface Keeper {
  readonly record: KeeperRecord;
  readonly over: Promise<void>;
  readonly logPath: string;
}

/** Holds a running sandbox until it ends. */
export async function openKeeper(spec: KeeperSpec): Promise<Keeper> {
  const folder = stateFolder(spec.home, spec.shared);
  const { id, limits, workspace } = spec.sandbox;
  const paths = sandboxPaths(folder, id);
  const layout = readCgroupLayout();
  const group = boxGroup(folder, id);
  // Of an earlier sandbox of the task.
  noteStop(paths, undefined);
  const initPid = Number(readFileSync(paths.pidFile, "utf8"));
  const initStart = readProcess(initPid)?.startTime;
  let diskFull = false;
  let server: KeeperServer | undefined;
  const over = Promise.withResolvers<void>();
  const pending = new Map<string, number>();

  function onOutput(name: string, size: number): void {
    if (!pending.has(name)) {
      setTimeout(() => {
        server?.tell({ event: "output", name, size: pending.get(name) ?? size });
        pending.delete(name);
      }, outputEventIntervalMs);
    }
    pending.set(name, size);
  }

  const { crunPath, openFiles } = spec;
  const env = spec.network?.host.environment ?? {};
  const { runtimeState } = paths;
  const target = { sandboxId: id, crunPath, runtimeState, limits, openFiles, env };
  const processes = openProcesses(
    paths.spool,
    {
      target,
      outOfMemoryKills: () => countOutOfMemoryKills(layout, group),
      isDiskFull: () => diskFull,
      onOutput,
    },
    (state) => server?.tell({ event: "exit", ...state }),
  );
  const freezer = openFreezer<Client | "sleep">({
    freeze: () => freezeGroup(layout, group),
    thaw: () => thawGroup(layout, group),
  });
  const sleeper = openSleeper(freezer, "sleep");
  const network: Network | undefined =
    spec.network === undefined
      ? undefined
      : await openKeeperNetwork(spec, spec.network, initPid, paths, sleeper.visitors);

  const written = [paths.rootUpper, ...(workspace === undefined ? [] : [writtenFolder(workspace)])];
  let attached: Promise<void> | undefined = workspace === undefined ? undefined : Promise.resolve();

  function attachWorkspace(mount: WorkspaceMount): Promise<void> {
    attached ??= mountWorkspace(folder, paths).then(
      () => void written.push(writtenFolder(mount)),
      (error: unknown) => {
        attached = undefined;
        throw error;
      },
    );
    return attached;
  }

  async function end(): Promise<void> {
    await killGroup(layout, group);
    await processes.settled();
    await network?.[Symbol.asyncDispose]();
    over.resolve();
  }

  server = await openKeeperServer(
    paths.keeperSocket,
    openHandler({ processes, freezer, sleeper, network, end, attachWorkspace }),
  );
  const lookAtDisk = openDiskWatch(
    written,
    limits.diskBytes,
    () => {
      diskFull = true;
      noteStop(paths, "disk-full");
      server?.tell({ event: "stopped", reason: "disk-full" });
      void end();
    },
    // Its exits can be written nowhere any more.
    () => void killGroup(layout, group).finally(() => process.exit(0)),
  );
  const lookAtPorts = openPortWatch(
    network,
    () => server?.isWatched() === true,
    (ports) => server?.tell({ event: "ports", ports }),
  );
  const lookout = openLookout(layout, group, (count) => {
    lookAtDisk();
    // The kernel walks a table of the whole host for this, milliseconds long.
    if (count % 2 === 0) lookAtPorts();
    if (readProcess(initPid)?.startTime === initStart) return;
    server?.tell({ event: "stopped", reason: "init-died" });
    void end();
  });
  void over.promise.then(() => lookout[Symbol.dispose]());

  const record: KeeperRecord = {
    version: 1,
    keeperPid: process.pid,
    initPid,
    uidBase: spec.uidBase,
    epoch: spec.sandbox.epoch,
    dialerPath: network?.dialerPath ?? "",
    notEnforced: spec.notEnforced,
    startedAt: new Date().toISOString(),
  };
  writeFileSync(`${paths.keeperRecord}.new`, JSON.stringify(record), { mode: 0o600 });
  renameSync(`${paths.keeperRecord}.new`, paths.keeperRecord);
  return { record, over: over.promise.then(() => sleep(50)), logPath: paths.keeperLog };
}

/** In our mount namespace, from where it spreads into the sandbox's. */
async function mountWorkspace(folder: StateFolder, paths: SandboxPaths): Promise<void> {
  const { exitCode, stderr } = await runCommand({
    argv: [toolPath(folder, "mount"), "-n", "--all", "--fstab", paths.workspaceFstab],
    env: systemEnvironment,
    timeoutMs: 60_000,
    maxOutputBytes: 10_000,
  });
  if (exitCode !== 0) throw new Error(`mounting the workspace: ${stderr}`);
}

function writtenFolder(workspace: WorkspaceMount): string {
  return workspace.kind === "folder" ? workspace.path : `${workspace.upperParent}/upper`;
}

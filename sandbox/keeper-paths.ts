import { createHash } from "node:crypto";
import { join } from "node:path";
import type { StateFolder } from "./state-folder.ts";

/**
 * Where each keeper mounts things, in its private mount namespace: a 0711 tmpfs over this folder of
 * the host. One constant path for all, so no mount depends on the permissions above COLONY_HOME.
 */
export const mountsFolder = "/run/colony";

/** Mount points of every keeper. */
export const keeperMounts = {
  image: join(mountsFolder, "image"),
  root: join(mountsFolder, "root"),
  lower: join(mountsFolder, "lower"),
  /** Layers of the root, the topmost being 0; and what set-up left in the workspace. */
  layer: (index: number) => join(mountsFolder, `layer-${index}`),
  downloads: join(mountsFolder, "downloads"),
  belowWorkspace: join(mountsFolder, "below"),
  /** The workspace's files with `.jj` uncovered: for jj. */
  workspace: join(mountsFolder, "workspace"),
  /** What the sandbox has at `/workspace`: mounts in it go there too, also while it runs. */
  box: join(mountsFolder, "box"),
  /** The sandbox's terminals: also over the keeper's own `/dev/pts`. */
  terminals: join(mountsFolder, "terminals"),
} as const;

/** The workspace's files as the sandbox sees them, but with `.jj` uncovered: for jj. */
export function workspaceTreePath(_folder: StateFolder, _id: string): string {
  return keeperMounts.workspace;
}

/** Every path of one sandbox on the host. */
export interface SandboxPaths {
  /** 0700: what nobody else may look into. */
  readonly private: string;
  /** 0711: sockets that unprivileged processes of ours may reach. */
  readonly run: string;
  readonly spec: string;
  readonly keeperRecord: string;
  readonly keeperLog: string;
  readonly keeperSocket: string;
  readonly uidBase: string;
  readonly imageKey: string;
  /** Keys of the layers that it was begun with, one a line, lowest first. */
  readonly layerKeys: string;
  readonly bundle: string;
  readonly runtimeState: string;
  readonly runtimeLog: string;
  readonly pidFile: string;
  readonly fstab: string;
  readonly workspaceFstab: string;
  readonly rootUpper: string;
  readonly rootWork: string;
  readonly spool: string;
  /** Every question and connection of the sandbox, one JSON object a line. */
  readonly ledger: string;
  /** Summary of the ledger that stays small: `EgressState`. */
  readonly egressState: string;
  /** Read-only at `/run/colony` inside: what we tell the sandbox. */
  readonly told: string;
}

/** Maps an id to its paths; nothing here touches the disk. */
export function sandboxPaths(folder: StateFolder, id: string): SandboxPaths {
  const own = join(folder.sandboxes, id);
  const run = join(folder.run, id);
  return {
    private: own,
    run,
    spec: join(own, "spec.json"),
    keeperRecord: join(own, "keeper.json"),
    keeperLog: join(own, "keeper.log"),
    keeperSocket: join(run, "keeper.sock"),
    uidBase: join(own, "uid-base"),
    imageKey: join(own, "image-key"),
    layerKeys: join(own, "layer-keys"),
    bundle: join(own, "bundle"),
    runtimeState: join(own, "runtime"),
    runtimeLog: join(own, "runtime.log"),
    pidFile: join(own, "init.pid"),
    fstab: join(own, "fstab"),
    workspaceFstab: join(own, "workspace.fstab"),
    rootUpper: join(own, "root", "upper"),
    rootWork: join(own, "root", "work"),
    spool: join(own, "spool"),
    ledger: join(own, "egress.ndjson"),
    egressState: join(own, "egress-state.json"),
    told: join(run, "told"),
  };
}

/** Label of one installation: in cgroup names, so that a sweep never touches another's. */
export function installationLabel(folder: StateFolder): string {
  return `colony-${createHash("sha256").update(folder.home).digest("hex").slice(0, 10)}`;
}

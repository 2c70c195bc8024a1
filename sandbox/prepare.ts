import {
  chmodSync,
  chownSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { renderBundle } from "./bundle/config.ts";
import { readHostFacts } from "./bundle/host-facts.ts";
import { readSeccomp } from "./bundle/seccomp-list.ts";
import { canLimitSwap, makeGroup, readCgroupLayout, readV2Controllers } from "./cgroups/cgroup.ts";
import { decideNotEnforced } from "./cgroups/layout.ts";
import { boxGroup, keeperGroup } from "./cgroups/names.ts";
import { npmDownloads } from "./downloads/npm-downloads.ts";
import { SandboxStartError } from "./errors.ts";
import { runtimePath } from "./host-environment.ts";
import { makeFolder } from "./image/folders.ts";
import { ensureImage, existingImage, type Image } from "./image/image.ts";
import type { KeeperNetworkSpec, KeeperSpec } from "./keeper/keeper-spec.ts";
import { renderFstab, renderWorkspaceFstab } from "./keeper/launch-script.ts";
import { keeperMounts, mountsFolder, type SandboxPaths, sandboxPaths } from "./keeper-paths.ts";
import {
  type Layer,
  readBegunLayers,
  readLayers,
  rootLowers,
  workspaceLower,
} from "./layers/layer.ts";
import type { SandboxSpec } from "./spec.ts";
import type { StateFolder } from "./state-folder.ts";
import { ownerOfUpper, reserveUidRange } from "./uid-range.ts";
import type { WorkspaceMount } from "./workspace.ts";

/** What may be chosen beside the spec. */
export interface OpenOptions {
  /** Absent: nothing but `lo`. */
  readonly network?: Omit<KeeperNetworkSpec, "uid" | "gid">;
  /** Takes a sentence when something slow happens (the image is made). */
  readonly onProgress?: (sentence: string) => void;
  /** An OCI runtime, by name or path; absent: crun. */
  readonly runtime?: string;
}

/** Host uids of relays: one per uid range, outside of all of them. */
const firstRelayUid = 0x7fff_0000;

/**
 * Puts everything on disk that the launch script and the keeper need. Synchronous where it can be:
 * a dozen tiny acts, which on a busy host cost more in waiting for a thread than in doing.
 */
export async function prepareSandbox(
  folder: StateFolder,
  spec: SandboxSpec,
  options: OpenOptions,
): Promise<void> {
  const paths = sandboxPaths(folder, spec.id);
  makeFolders(folder, paths);
  const { workspace } = spec;
  const parent = workspace?.kind === "overlay" ? workspace.upperParent : undefined;
  const upperOwner = parent === undefined ? undefined : ownerOfUpper(parent);
  const uidBase = reserveUidRange(folder, spec.id, upperOwner);
  const { image, layers } = await chooseBase(folder, spec, paths, options);
  // Only into a new upper: an older one is the sandbox's, with links of its making.
  if (makeUpper(paths.rootUpper, paths.rootWork, uidBase)) writeNames(paths, spec, uidBase);
  if (parent !== undefined) makeUpper(join(parent, "upper"), join(parent, "work"), uidBase);

  const layout = readCgroupLayout();
  makeGroup(layout, keeperGroup(folder, spec.id));
  const facts = await readHostFacts();
  const seen = options.network === undefined ? spec : withTold(spec, paths);
  const bundle = renderBundle(seen, {
    uidBase,
    cgroupsPath: `/${boxGroup(folder, spec.id)}`,
    rootPath: keeperMounts.root,
    ...(workspace || spec.workspaceLater ? { workspacePath: keeperMounts.box } : {}),
    seccomp: await readSeccomp({
      refuseSetId: workspace?.kind === "folder" && workspace.ownerUid === 0,
    }),
    openFiles: facts.openFiles,
    canLimitSwap: canLimitSwap(layout),
  });
  const keeper: KeeperSpec = {
    version: 1,
    home: folder.home,
    shared: folder.shared,
    sandbox: spec,
    uidBase,
    crunPath: runtimePath(folder, options.runtime),
    openFiles: facts.openFiles,
    ...(options.network === undefined ? {} : { network: relayOf(uidBase, options.network) }),
    notEnforced: [...decideNotEnforced(layout, readV2Controllers(layout)), diskSentence],
  };
  const plan = {
    imagePath: image.path,
    layers: rootLowers(folder, layers),
    downloads: spec.downloads && npmDownloads(folder, spec.downloads),
    belowWorkspace: workspaceLower(folder, layers),
    uidBase,
    paths,
    hybridMount: layout.hybridMount,
  };
  writePrivate(join(paths.bundle, "config.json"), JSON.stringify(bundle));
  writePrivate(paths.spec, JSON.stringify(keeper));
  const { workspaceLater } = spec;
  writePrivate(
    paths.fstab,
    renderFstab({
      ...plan,
      ...(workspace && { workspace }),
      ...(workspaceLater && { workspaceLater }),
    }),
  );
}

/** Puts on disk what the keeper needs to mount a workspace into the sandbox while it runs. */
export function prepareWorkspace(
  folder: StateFolder,
  id: string,
  uidBase: number,
  workspace: WorkspaceMount,
): void {
  if (workspace.kind === "overlay") {
    const parent = workspace.upperParent;
    makeUpper(join(parent, "upper"), join(parent, "work"), uidBase);
  }
  const below = workspaceLower(folder, readBegunLayers(folder, id) ?? []);
  const fstab = renderWorkspaceFstab(workspace, uidBase, below);
  writePrivate(sandboxPaths(folder, id).workspaceFstab, fstab);
}

const diskSentence =
  "Disk use is watched four times a second, not bounded by the file system: a burst may go past the limit before the sandbox is stopped.";

function relayOf(
  uidBase: number,
  network: Omit<KeeperNetworkSpec, "uid" | "gid">,
): KeeperNetworkSpec {
  const uid = firstRelayUid + ((uidBase - 0x7000_0000) >>> 16);
  return { ...network, uid, gid: uid };
}

function makeFolders(folder: StateFolder, paths: SandboxPaths): void {
  mkdirSync(folder.home, { recursive: true, mode: 0o711 });
  mkdirSync(folder.sandboxes, { recursive: true, mode: 0o700 });
  // Only keepers have a root there; runc's exec, from anywhere, wants a folder of that name.
  for (const path of [folder.run, paths.run, mountsFolder, keeperMounts.root]) {
    makeFolder(path, 0o711);
  }
  for (const path of [paths.private, paths.bundle, paths.spool]) {
    mkdirSync(path, { recursive: true, mode: 0o700 });
  }
}

/** With what we tell the sandbox, such as which hosts were refused. */
function withTold(spec: SandboxSpec, { told }: SandboxPaths): SandboxSpec {
  makeFolder(told, 0o755);
  return { ...spec, binds: [...spec.binds, { source: told, target: "/run/colony" }] };
}

/** What the sandbox was begun with; where that is gone, its HOME moves over to what is wanted now. */
async function chooseBase(
  folder: StateFolder,
  spec: SandboxSpec,
  paths: SandboxPaths,
  options: OpenOptions,
): Promise<{ readonly image: Image; readonly layers: readonly Layer[] }> {
  const begun = existsSync(paths.imageKey) ? readFileSync(paths.imageKey, "utf8") : "";
  const known = existingImage(folder, begun);
  const begunLayers = readBegunLayers(folder, spec.id);
  if (known !== undefined && begunLayers !== undefined) {
    return { image: known, layers: begunLayers };
  }
  const layers = readLayers(folder, spec.layers ?? []);
  const image = spec.image === undefined ? undefined : existingImage(folder, spec.image);
  if (layers === undefined || (spec.image !== undefined && image === undefined)) {
    throw new SandboxStartError(spec.id, "mounting", "its image or a layer of it was removed");
  }
  const chosen = image ?? (await hostImage(folder, options));
  if (begun !== "" && existsSync(paths.rootUpper)) keepHomeOnly(paths);
  writePrivate(paths.imageKey, chosen.key);
  writePrivate(paths.layerKeys, layers.map(({ key }) => `${key}\n`).join(""));
  return { image: chosen, layers };
}

function hostImage(folder: StateFolder, { onProgress }: OpenOptions): Promise<Image> {
  const progress = onProgress === undefined ? {} : { onProgress };
  return ensureImage(folder, { nodePath: process.execPath, ...progress });
}

/** Nothing is followed here: `root` may be a link that the sandbox made, and moves as one. */
function keepHomeOnly(paths: SandboxPaths): void {
  const old = `${paths.rootUpper}.old`;
  renameSync(paths.rootUpper, old);
  mkdirSync(paths.rootUpper, { mode: 0o755 });
  chownLike(paths.rootUpper, old);
  if (lstatSync(join(old, "root"), { throwIfNoEntry: false }) !== undefined) {
    renameSync(join(old, "root"), join(paths.rootUpper, "root"));
  }
  rmSync(old, { recursive: true, force: true });
}

function chownLike(path: string, other: string): void {
  const { uid, gid } = lstatSync(other);
  chownSync(path, uid, gid);
}

/** Answers whether it was made now. */
function makeUpper(upper: string, work: string, uidBase: number): boolean {
  mkdirSync(join(upper, ".."), { recursive: true, mode: 0o700 });
  const isNew = !existsSync(upper);
  if (isNew) makeFolder(upper, 0o755, { uid: uidBase, gid: uidBase });
  mkdirSync(work, { recursive: true, mode: 0o700 });
  return isNew;
}

/** The image is shared, the name is the sandbox's own. */
function writeNames(paths: SandboxPaths, spec: SandboxSpec, uidBase: number): void {
  const etc = join(paths.rootUpper, "etc");
  const hosts = [
    `127.0.0.1\tlocalhost ${spec.hostname}`,
    "::1\tlocalhost ip6-localhost ip6-loopback",
  ];
  makeFolder(etc, 0o755, { uid: uidBase, gid: uidBase });
  for (const [name, text] of [
    ["hostname", `${spec.hostname}\n`],
    ["hosts", `${hosts.join("\n")}\n`],
  ] as const) {
    writeFileSync(join(etc, name), text);
    chmodSync(join(etc, name), 0o644);
    chownSync(join(etc, name), uidBase, uidBase);
  }
}

function writePrivate(path: string, text: string): void {
  writeFileSync(path, text, { mode: 0o600 });
}

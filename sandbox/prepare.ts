import { existsSync } from "node:fs";
import { chmod, chown, mkdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { renderBundle } from "./bundle/config.ts";
import { readHostFacts } from "./bundle/host-facts.ts";
import { readSeccomp } from "./bundle/seccomp-list.ts";
import { canLimitSwap, makeGroup, readCgroupLayout, readV2Controllers } from "./cgroups/cgroup.ts";
import { decideNotEnforced } from "./cgroups/layout.ts";
import { boxGroup, keeperGroup } from "./cgroups/names.ts";
import { toolPath } from "./host-environment.ts";
import { makeFolder } from "./image/folders.ts";
import { ensureImage, existingImage, type Image } from "./image/image.ts";
import type { KeeperNetworkSpec, KeeperSpec } from "./keeper/keeper-spec.ts";
import { renderFstab } from "./keeper/launch-script.ts";
import { keeperMounts, mountsFolder, type SandboxPaths, sandboxPaths } from "./keeper-paths.ts";
import type { SandboxSpec } from "./spec.ts";
import type { StateFolder } from "./state-folder.ts";
import { ownerOfUpper, reserveUidRange } from "./uid-range.ts";

/** What may be chosen beside the spec. */
export interface OpenOptions {
  /** Absent: nothing but `lo`. */
  readonly network?: Omit<KeeperNetworkSpec, "uid" | "gid">;
  /** Takes a sentence when something slow happens (the image is made). */
  readonly onProgress?: (sentence: string) => void;
}

/** Host uids of relays: one per uid range, outside of all of them. */
const firstRelayUid = 0x7fff_0000;

/** Puts everything on disk that the launch script and the keeper need. */
export async function prepareSandbox(
  folder: StateFolder,
  spec: SandboxSpec,
  options: OpenOptions,
): Promise<void> {
  const paths = sandboxPaths(folder, spec.id);
  await makeFolders(folder, paths);
  const { workspace } = spec;
  const parent = workspace?.kind === "overlay" ? workspace.upperParent : undefined;
  const upperOwner = parent === undefined ? undefined : ownerOfUpper(parent);
  const uidBase = reserveUidRange(folder, spec.id, upperOwner);
  const image = await chooseImage(folder, paths, options);
  await makeUpper(paths.rootUpper, paths.rootWork, uidBase);
  if (parent !== undefined) await makeUpper(join(parent, "upper"), join(parent, "work"), uidBase);
  await writeNames(paths, spec, uidBase);

  const layout = readCgroupLayout();
  makeGroup(layout, keeperGroup(folder, spec.id));
  const facts = await readHostFacts();
  const bundle = renderBundle(spec, {
    uidBase,
    cgroupsPath: `/${boxGroup(folder, spec.id)}`,
    rootPath: keeperMounts.root,
    ...(workspace === undefined ? {} : { workspacePath: keeperMounts.workspace }),
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
    crunPath: toolPath(folder, "crun"),
    openFiles: facts.openFiles,
    ...(options.network === undefined ? {} : { network: relayOf(uidBase, options.network) }),
    notEnforced: [...decideNotEnforced(layout, readV2Controllers(layout)), diskSentence],
  };
  const plan = { imagePath: image.path, uidBase, paths };
  await Promise.all([
    writePrivate(join(paths.bundle, "config.json"), JSON.stringify(bundle)),
    writePrivate(paths.spec, JSON.stringify(keeper)),
    writePrivate(paths.fstab, renderFstab(workspace === undefined ? plan : { ...plan, workspace })),
  ]);
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

async function makeFolders(folder: StateFolder, paths: SandboxPaths): Promise<void> {
  await mkdir(folder.home, { recursive: true, mode: 0o711 });
  await mkdir(folder.sandboxes, { recursive: true, mode: 0o700 });
  for (const path of [folder.run, paths.run, mountsFolder]) await makeFolder(path, 0o711);
  for (const path of [paths.private, paths.bundle, paths.spool]) {
    await mkdir(path, { recursive: true, mode: 0o700 });
  }
}

/** The image that the sandbox was begun with; gone, its HOME moves over to the present one. */
async function chooseImage(
  folder: StateFolder,
  paths: SandboxPaths,
  options: OpenOptions,
): Promise<Image> {
  const begun = await readFile(paths.imageKey, "utf8").catch(() => "");
  const known = existingImage(folder, begun);
  if (known !== undefined) return known;
  const image = await ensureImage(folder, {
    nodePath: process.execPath,
    ...(options.onProgress === undefined ? {} : { onProgress: options.onProgress }),
  });
  if (begun !== "" && existsSync(paths.rootUpper)) await keepHomeOnly(paths);
  await writePrivate(paths.imageKey, image.key);
  return image;
}

async function keepHomeOnly(paths: SandboxPaths): Promise<void> {
  const old = `${paths.rootUpper}.old`;
  await rename(paths.rootUpper, old);
  await mkdir(paths.rootUpper, { mode: 0o755 });
  await rename(join(old, "root"), join(paths.rootUpper, "root")).catch(() => undefined);
  await rm(old, { recursive: true, force: true });
}

async function makeUpper(upper: string, work: string, uidBase: number): Promise<void> {
  await mkdir(join(upper, ".."), { recursive: true, mode: 0o700 });
  if (!existsSync(upper)) await makeFolder(upper, 0o755, { uid: uidBase, gid: uidBase });
  await mkdir(work, { recursive: true, mode: 0o700 });
}

/** The image is shared, the name is the sandbox's own. */
async function writeNames(paths: SandboxPaths, spec: SandboxSpec, uidBase: number): Promise<void> {
  const etc = join(paths.rootUpper, "etc");
  if (existsSync(join(etc, "hostname"))) return;
  const hosts = [
    `127.0.0.1\tlocalhost ${spec.hostname}`,
    "::1\tlocalhost ip6-localhost ip6-loopback",
  ];
  await makeFolder(etc, 0o755, { uid: uidBase, gid: uidBase });
  for (const [name, text] of [
    ["hostname", `${spec.hostname}\n`],
    ["hosts", `${hosts.join("\n")}\n`],
  ] as const) {
    await writeFile(join(etc, name), text);
    await chmod(join(etc, name), 0o644);
    await chown(join(etc, name), uidBase, uidBase);
  }
}

async function writePrivate(path: string, text: string): Promise<void> {
  await writeFile(path, text, { mode: 0o600 });
}

import { existsSync } from "node:fs";
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { readCgroupLayout } from "../cgroups/cgroup.ts";
import { installationGroup } from "../cgroups/names.ts";
import { endSandbox, isLeftOver, removeSandboxFiles } from "../ending.ts";
import { connectKeeper } from "../keeper/client.ts";
import { sandboxPaths } from "../keeper-paths.ts";
import { layerPrefix, readLayer } from "../layers/layer.ts";
import { isOpening, isOwned, markEnding } from "../opening.ts";
import { readRemains } from "../receipt.ts";
import { foregroundPrefix } from "../run.ts";
import type { StateFolder } from "../state-folder.ts";
import { readUidRanges } from "../uid-range.ts";
import {
  type FoundLeftover,
  type OwnerOf,
  type Ownership,
  type Removal,
  sandboxIdPattern,
} from "./leftover.ts";

/** Sandboxes with an owner, and those without. */
export interface SandboxesFound {
  readonly living: readonly string[];
  readonly leftovers: readonly FoundLeftover[];
}

/** Looks at every sandbox that one of our labels names. */
export async function findSandboxes(
  folder: StateFolder,
  ownerOf: OwnerOf,
): Promise<SandboxesFound> {
  const living: string[] = [];
  const leftovers: FoundLeftover[] = [];
  for (const id of await labelledIds(folder)) {
    if (isOpening(sandboxPaths(folder, id))) continue;
    const found = await findOne(folder, id, ownerOf);
    if (found === "living") living.push(id);
    else if (found !== undefined) leftovers.push(found);
  }
  return { living, leftovers };
}

async function findOne(
  folder: StateFolder,
  id: string,
  ownerOf: OwnerOf,
): Promise<FoundLeftover | "living" | undefined> {
  const paths = sandboxPaths(folder, id);
  const ownership = ownOwnership(folder, id) ?? (await ownerOf(id));
  using keeper = await connectKeeper(id, paths.keeperSocket);
  if (ownership.kind === "busy") return keeper === undefined ? undefined : "living";
  const hasOwner = ownership.kind === "kept";
  if (keeper !== undefined && hasOwner) return "living";
  const withFiles = ownership.kind === "gone" && existsSync(paths.private);
  const isAlive = keeper !== undefined || isLeftOver(folder, id);
  if (!isAlive && !withFiles) return undefined;
  const why = hasOwner ? "its keeper is dead" : ownership.why;
  return {
    kind: isAlive ? "sandbox" : "files",
    name: id,
    why: isAlive ? `${why}; it has ${describeRemains(folder, id)}` : why,
    remove: () => end(folder, id, { withFiles, keepsLiving: hasOwner }),
  };
}

/** Whoever opens it now, or ended it meanwhile, was faster. */
async function end(
  folder: StateFolder,
  id: string,
  how: { readonly withFiles: boolean; readonly keepsLiving: boolean },
): Promise<Removal> {
  const paths = sandboxPaths(folder, id);
  using mark = markEnding(paths);
  if (mark === undefined) return { bytes: 0 };
  using keeper = await connectKeeper(id, paths.keeperSocket);
  if (keeper !== undefined && how.keepsLiving) return { bytes: 0 };
  const receipt = await endSandbox(folder, id);
  const bytes = how.withFiles ? await removeSandboxFiles(folder, id) : 0;
  return { bytes, receipt };
}

/** What we know ourselves; undefined: it is a task's. */
function ownOwnership(folder: StateFolder, id: string): Ownership | undefined {
  if (id.startsWith(foregroundPrefix)) return foreground(folder, id);
  if (!id.startsWith(layerPrefix)) return undefined;
  if (isOwned(sandboxPaths(folder, id))) return { kind: "busy" };
  // The note of the range that its files belong to.
  if (readLayer(folder, id.slice(layerPrefix.length)) !== undefined) return { kind: "kept" };
  return { kind: "gone", why: "who was making the layer is dead" };
}

/** A sandbox in the foreground belongs to one process, and its files go with it. */
function foreground(folder: StateFolder, id: string): Ownership {
  if (isOwned(sandboxPaths(folder, id))) return { kind: "busy" };
  return { kind: "gone", why: "the command that ran it is dead" };
}

function describeRemains(folder: StateFolder, id: string): string {
  const { processes, mounts, cgroups } = readRemains(folder, id, undefined);
  const counts = [
    [processes.length, "process", "processes"],
    [mounts.length, "mount", "mounts"],
    [cgroups.length, "cgroup", "cgroups"],
  ] as const;
  return counts.map(([count, one, many]) => `${count} ${count === 1 ? one : many}`).join(", ");
}

/** Ids that any of our labels names: folders, sockets, cgroups, uid ranges. */
async function labelledIds(folder: StateFolder): Promise<string[]> {
  const grouped = await groupedIds(installationGroup(folder));
  const ranges = readUidRanges(folder).filter(({ home }) => home === folder.home);
  const named = [...(await list(folder.sandboxes)), ...(await list(folder.run))];
  const ids = [...grouped, ...named, ...ranges.map(({ id }) => id)];
  return [...new Set(ids)].filter((id) => sandboxIdPattern.test(id)).sort();
}

/** Ids of the sandboxes that have a cgroup below an installation's. */
export async function groupedIds(label: string): Promise<string[]> {
  const groups = readCgroupLayout().hierarchies.map(({ path }) => join(path, label));
  const names = (await Promise.all(groups.map(list))).flat();
  return names.flatMap((name) => {
    const [, id] = /^(?:box|keeper)-(.+)$/.exec(name) ?? [];
    return id === undefined ? [] : [id];
  });
}

async function list(path: string): Promise<string[]> {
  return readdir(path).catch(() => []);
}

import { readdir, readFile, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { readCgroupLayout } from "./cgroups/cgroup.ts";
import { installationGroup } from "./cgroups/names.ts";
import { endSandbox, isLeftOver, removeSandboxFiles } from "./ending.ts";
import { connectKeeper } from "./keeper/client.ts";
import { sandboxPaths } from "./keeper-paths.ts";
import { isOpening } from "./opening.ts";
import { foregroundPrefix } from "./run.ts";
import type { Receipt } from "./spec.ts";
import type { StateFolder } from "./state-folder.ts";
import { readUidRanges } from "./uid-range.ts";

/** What a sweep found without a living keeper and ended. */
export interface Sweep {
  readonly ended: readonly { readonly id: string; readonly receipt: Receipt }[];
  /** Sandboxes with a living keeper: left alone. */
  readonly living: readonly string[];
  readonly bytesReturned: number;
}

/**
 * Ends what has no living keeper: processes, mounts, cgroups, runtime state. Only what carries this
 * installation's label is looked at. Files of tasks stay (they are forgotten by name); those of
 * foreground runs and half-removed folders go.
 */
export async function sweepLeftovers(folder: StateFolder): Promise<Sweep> {
  const ended: { id: string; receipt: Receipt }[] = [];
  const living: string[] = [];
  let bytesReturned = 0;
  for (const id of await labelledIds(folder)) {
    const paths = sandboxPaths(folder, id);
    if (isOpening(paths)) continue;
    using keeper = await connectKeeper(id, paths.keeperSocket);
    if (keeper !== undefined) {
      living.push(id);
      continue;
    }
    if (isLeftOver(folder, id)) ended.push({ id, receipt: await endSandbox(folder, id) });
    if (id.startsWith(foregroundPrefix)) bytesReturned += await removeSandboxFiles(folder, id);
  }
  await removeHalfRemoved(folder);
  return { ended, living, bytesReturned };
}

/** Ids that any of our labels names: folders, sockets, cgroups, uid ranges. */
async function labelledIds(folder: StateFolder): Promise<string[]> {
  const groups = readCgroupLayout().hierarchies.map(({ path }) =>
    join(path, installationGroup(folder)),
  );
  const grouped = (await Promise.all(groups.map(list))).flat().flatMap((name) => {
    const [, id] = /^(?:box|keeper)-(.+)$/.exec(name) ?? [];
    return id === undefined ? [] : [id];
  });
  const ranges = readUidRanges(folder).filter(({ home }) => home === folder.home);
  const named = [...(await list(folder.sandboxes)), ...(await list(folder.run))];
  const ids = [...grouped, ...named, ...ranges.map(({ id }) => id)];
  return [...new Set(ids)].filter((id) => /^[a-z0-9][a-z0-9-]{0,31}$/.test(id)).sort();
}

/** Folders that were renamed to be removed when their remover died. */
async function removeHalfRemoved(folder: StateFolder): Promise<void> {
  for (const name of await list(folder.sandboxes)) {
    if (name.startsWith(".gone-")) {
      await rm(join(folder.sandboxes, name), { recursive: true, force: true });
    }
  }
  await removeOldImages(folder);
}

const keepUnusedImageMs = 7 * 24 * 3_600_000;

/** An old image pins inodes that an upgrade of the host replaced, setuid ones too. */
async function removeOldImages(folder: StateFolder): Promise<void> {
  const mounted = await readFile("/proc/self/mountinfo", "utf8");
  const names = (await list(folder.images)).filter((name) => /^[0-9a-f]{16}$/.test(name));
  const dated = await Promise.all(
    names.map(async (name) => ({ name, madeMs: (await stat(join(folder.images, name))).ctimeMs })),
  );
  const newest = dated.toSorted((left, right) => right.madeMs - left.madeMs)[0]?.name;
  const used = await usedImages(folder);
  for (const { name, madeMs } of dated) {
    if (name === newest || used.has(name) || mounted.includes(name)) continue;
    if (Date.now() - madeMs < keepUnusedImageMs) continue;
    await rm(join(folder.images, name), { recursive: true, force: true });
  }
}

async function usedImages(folder: StateFolder): Promise<Set<string>> {
  const keys = (await list(folder.sandboxes)).map((id) =>
    readFile(sandboxPaths(folder, id).imageKey, "utf8").catch(() => ""),
  );
  return new Set(await Promise.all(keys));
}

async function list(path: string): Promise<string[]> {
  return readdir(path).catch(() => []);
}

import { existsSync } from "node:fs";
import { readdir, readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { bytesOf } from "../ending.ts";
import { sandboxPaths } from "../keeper-paths.ts";
import { builderId } from "../layers/layer.ts";
import { isOwned } from "../opening.ts";
import { removeTree } from "../removal.ts";
import type { StateFolder } from "../state-folder.ts";
import type { FoundLeftover } from "./leftover.ts";

/** Folders that were renamed to be removed when their remover died, or half made by a dead maker. */
export async function findHalfFolders(folder: StateFolder): Promise<FoundLeftover[]> {
  const doomed = (await list(folder.sandboxes)).filter((name) => name.startsWith(".gone-"));
  const unmade = (await list(folder.images)).filter((name) => {
    const [, pid] = /^\.new-.+-(\d+)$/.exec(name) ?? [];
    return pid !== undefined && !existsSync(`/proc/${pid}`);
  });
  const layers = (await list(folder.layers)).filter((name) => isHalfLayer(folder, name));
  return [
    ...layers.map((name) => folderAt(join(folder.layers, name), "who was at it is dead")),
    ...doomed.map((name) => folderAt(join(folder.sandboxes, name), "its removal was cut short")),
    ...unmade.map((name) => folderAt(join(folder.images, name), "who was making it is dead")),
  ];
}

/** Of a layer: half made or half removed. */
function isHalfLayer(folder: StateFolder, name: string): boolean {
  if (name.startsWith(".gone-")) return true;
  const [, key] = /^\.new-([0-9a-f]{16})$/.exec(name) ?? [];
  return key !== undefined && !isOwned(sandboxPaths(folder, builderId(key)));
}

/** One folder of which nothing is wanted. */
export function folderAt(path: string, why: string): FoundLeftover {
  return {
    kind: "folder",
    name: path,
    why,
    async remove() {
      const bytes = await bytesOf([path]);
      // Its remover may be alive after all, and go on beside us.
      await removeTree(path).catch((error: unknown) => {
        if (existsSync(path)) throw error;
      });
      return { bytes };
    },
  };
}

const keepUnusedImageMs = 7 * 24 * 3_600_000;

/** An old image pins inodes that an upgrade of the host replaced, setuid ones too. */
export async function findOldImages(folder: StateFolder): Promise<FoundLeftover[]> {
  const mounted = await readFile("/proc/self/mountinfo", "utf8");
  const names = (await list(folder.images)).filter((name) => /^[0-9a-f]{16}$/.test(name));
  const dated = await Promise.all(
    names.map(async (name) => ({ name, madeMs: (await stat(join(folder.images, name))).ctimeMs })),
  );
  const newest = dated.toSorted((left, right) => right.madeMs - left.madeMs)[0]?.name;
  const used = await usedImages(folder);
  const old = dated.filter(
    ({ name, madeMs }) =>
      name !== newest &&
      !used.has(name) &&
      !mounted.includes(name) &&
      Date.now() - madeMs >= keepUnusedImageMs,
  );
  return old.map(({ name }) => ({
    ...folderAt(join(folder.images, name), "no sandbox uses it, and a newer image is there"),
    kind: "image",
  }));
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

import { lstat, mkdir, readdir, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { keepNpmDownloads } from "../downloads/npm-downloads.ts";
import { bytesOf } from "../ending.ts";
import { sandboxPaths } from "../keeper-paths.ts";
import { removeTree } from "../removal.ts";
import type { StateFolder } from "../state-folder.ts";
import type { WorkspaceMount } from "../workspace.ts";
import { keepIgnoredOnly } from "./ignored.ts";
import { builderId, type Layer, layerPaths } from "./layer.ts";

/** What a step has left on disk when its sandbox has ended. */
export interface Frozen {
  readonly key: string;
  readonly imageKey: string;
  readonly below: readonly Layer[];
  readonly step: string;
  readonly uidBase: number;
  readonly rootUpper: string;
  /** Whose downloads it may have left. */
  readonly downloads?: string | undefined;
  readonly golden?: WorkspaceMount & { readonly kind: "overlay" };
}

/** What is of that one run, or would only be in the way of the next. */
const passing = ["tmp", "run", "var/tmp", "var/cache/apt/archives", "etc/hostname", "etc/hosts"];

/** Makes a layer of it: from then on it is only read. The last step gives it its name. */
export async function freezeLayer(folder: StateFolder, frozen: Frozen): Promise<Layer> {
  const { key, imageKey, uidBase, golden, step } = frozen;
  const paths = layerPaths(folder, key);
  const root = join(paths.unfinished, "root");
  await rename(frozen.rootUpper, root);
  const { downloads } = frozen;
  if (downloads !== undefined) await keepNpmDownloads(folder, downloads, root);
  for (const path of passing) await removeInside(root, path);
  const workspace = join(paths.unfinished, "workspace");
  if (golden !== undefined) {
    await rename(join(golden.upperParent, "upper"), workspace);
    await removeTree(golden.upperParent);
    await keepIgnoredOnly(folder, golden.lower, workspace);
  } else {
    await mkdir(workspace, { mode: 0o755 });
  }
  const layer: Layer = {
    version: 1,
    key,
    imageKey,
    parent: frozen.below.at(-1)?.key ?? null,
    uidBase,
    hasWorkspace: (await readdir(workspace)).length > 0,
    step,
    bytes: await bytesOf([root, workspace]),
    madeAtMs: Date.now(),
  };
  await writeFile(join(paths.unfinished, "layer.json"), JSON.stringify(layer), { mode: 0o600 });
  await keepRangeOnly(folder, key);
  await rename(paths.unfinished, paths.own);
  return layer;
}

/** The sandbox's folder goes, but for the note of its range: the files of the layer belong to it. */
async function keepRangeOnly(folder: StateFolder, key: string): Promise<void> {
  const { private: own, uidBase } = sandboxPaths(folder, builderId(key));
  for (const name of await readdir(own)) {
    const path = join(own, name);
    if (path !== uidBase) await removeTree(path);
  }
}

/** Nothing is followed: a sandbox wrote these folders, and none of its processes lives. */
async function removeInside(root: string, path: string): Promise<void> {
  const parts = path.split("/");
  let folder = root;
  for (const part of parts.slice(0, -1)) {
    folder = join(folder, part);
    const found = await lstat(folder).catch(() => undefined);
    if (found?.isDirectory() !== true) return;
  }
  await removeTree(join(root, path));
}

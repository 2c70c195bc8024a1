import { existsSync, statSync } from "node:fs";
import { readdir, readFile, rename } from "node:fs/promises";
import { join } from "node:path";
import { sandboxPaths } from "../keeper-paths.ts";
import { removeInBackground, removeTree } from "../removal.ts";
import type { StateFolder } from "../state-folder.ts";
import { dropClaim } from "../uid-range.ts";
import { builderId, type Layer, layerPaths, readLayer } from "./layer.ts";

/** What is decided of: a layer with the time of its last use. */
export interface UsedLayer extends Pick<Layer, "key" | "parent" | "bytes"> {
  readonly usedAtMs: number;
}

/**
 * Pure: the longest unused first, until the rest is within the bound; never one that is in use, nor
 * one that another stands on and that stays.
 */
export function decideUnused(
  layers: readonly UsedLayer[],
  inUse: ReadonlySet<string>,
  maxBytes: number,
): readonly string[] {
  const gone = new Set<string>();
  let bytes = layers.reduce((sum, layer) => sum + layer.bytes, 0);
  const left = layers.toSorted((a, b) => a.usedAtMs - b.usedAtMs);
  for (;;) {
    if (bytes <= maxBytes) return [...gone];
    const next = left.find(({ key }) => {
      const carries = left.some(({ parent, key: other }) => parent === key && !gone.has(other));
      return !gone.has(key) && !inUse.has(key) && !carries;
    });
    if (next === undefined) return [...gone];
    gone.add(next.key);
    bytes -= next.bytes;
  }
}

/** Removes layers beyond the bound; `wanted`: those that a sandbox is about to be opened on. */
export async function removeUnusedLayers(
  folder: StateFolder,
  maxBytes: number,
  wanted: ReadonlySet<string>,
): Promise<void> {
  const layers = await listLayers(folder);
  const inUse = new Set([...wanted, ...(await layersInUse(folder))]);
  for (const key of decideUnused(layers, inUse, maxBytes)) await removeLayer(folder, key);
}

export async function listLayers(folder: StateFolder): Promise<UsedLayer[]> {
  const names = await readdir(folder.layers).catch(() => []);
  return names.flatMap((name) => {
    const layer = /^[0-9a-f]{16}$/.test(name) ? readLayer(folder, name) : undefined;
    if (layer === undefined) return [];
    return [{ ...layer, usedAtMs: statSync(layerPaths(folder, name).own).mtimeMs }];
  });
}

/** Of every sandbox that has files, living or not: its upper fits no other lowers. */
async function layersInUse(folder: StateFolder): Promise<readonly string[]> {
  const ids = await readdir(folder.sandboxes).catch(() => []);
  const texts = ids.map((id) =>
    readFile(sandboxPaths(folder, id).layerKeys, "utf8").catch(() => ""),
  );
  return (await Promise.all(texts)).flatMap((text) => text.split("\n").filter(Boolean));
}

async function removeLayer(folder: StateFolder, key: string): Promise<void> {
  const { own } = layerPaths(folder, key);
  const layer = readLayer(folder, key);
  const doomed = join(folder.layers, `.gone-${key}-${process.pid}-${Date.now()}`);
  await rename(own, doomed);
  removeInBackground(doomed);
  const { private: claim } = sandboxPaths(folder, builderId(key));
  if (layer !== undefined && existsSync(claim)) dropClaim(folder, layer.uidBase);
  await removeTree(claim);
}

import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { existingImage } from "../image/image.ts";
import { sandboxPaths } from "../keeper-paths.ts";
import type { StateFolder } from "../state-folder.ts";

const layerSchema = z.object({
  version: z.literal(1),
  key: z.string().regex(/^[0-9a-f]{16}$/),
  /** The image that it was made on, and the layer below, if there is one. */
  imageKey: z.string(),
  parent: z.string().nullable(),
  /** First uid of the range that its files belong to on disk. */
  uidBase: z.number().int().positive(),
  /** Whether its step left ignored files in the workspace. */
  hasWorkspace: z.boolean(),
  step: z.string(),
  bytes: z.number(),
  madeAtMs: z.number(),
});

/** What a step wrote, frozen: a lower of the sandboxes that come after. */
export type Layer = z.infer<typeof layerSchema>;

/** Every path of one layer. */
export function layerPaths(folder: StateFolder, key: string) {
  const own = join(folder.layers, key);
  return {
    own,
    root: join(own, "root"),
    workspace: join(own, "workspace"),
    record: join(own, "layer.json"),
    lock: join(folder.layers, `${key}.lock`),
    /** Where it is put together; only a whole one gets the name of a layer. */
    unfinished: join(folder.layers, `.new-${key}`),
  };
}

/** Ids of the sandboxes that make layers; a range of uids stays theirs as long as the layer. */
export const layerPrefix = "layer-";

export function builderId(key: string): string {
  return `${layerPrefix}${key}`;
}

/** A whole layer; undefined when there is none of this key. */
export function readLayer(folder: StateFolder, key: string): Layer | undefined {
  const { record } = layerPaths(folder, key);
  if (!existsSync(record)) return undefined;
  return layerSchema.parse(JSON.parse(readFileSync(record, "utf8")));
}

/** The layers that a sandbox was begun with, lowest first; undefined when one of them is gone. */
export function readBegunLayers(folder: StateFolder, id: string): readonly Layer[] | undefined {
  const { layerKeys } = sandboxPaths(folder, id);
  if (!existsSync(layerKeys)) return [];
  return readLayers(folder, readFileSync(layerKeys, "utf8").split("\n").filter(Boolean));
}

/** Whether the sandbox has an upper that stands on what is still there. */
export function hasBegun(folder: StateFolder, id: string): boolean {
  const { imageKey } = sandboxPaths(folder, id);
  if (!existsSync(imageKey) || readBegunLayers(folder, id) === undefined) return false;
  return existingImage(folder, readFileSync(imageKey, "utf8")) !== undefined;
}

/** Names of the steps that the sandbox stands on. */
export function layerSteps(folder: StateFolder, id: string): readonly string[] {
  return (readBegunLayers(folder, id) ?? []).map(({ step }) => step);
}

/** Every layer of these keys, or undefined when one is not there. */
export function readLayers(
  folder: StateFolder,
  keys: readonly string[],
): readonly Layer[] | undefined {
  const layers = keys.flatMap((key) => readLayer(folder, key) ?? []);
  return layers.length === keys.length ? layers : undefined;
}

/** A folder that a keeper mounts below another, owned by the range of whoever made it. */
export interface LowerFiles {
  readonly path: string;
  readonly uidBase: number;
}

/** Lowers of the root, topmost first as the overlay wants them. */
export function rootLowers(folder: StateFolder, layers: readonly Layer[]): readonly LowerFiles[] {
  return layers
    .map(({ key, uidBase }) => ({ path: layerPaths(folder, key).root, uidBase }))
    .reverse();
}

/** What the last set-up left in the workspace. */
export function workspaceLower(
  folder: StateFolder,
  layers: readonly Layer[],
): LowerFiles | undefined {
  const last = layers.findLast(({ hasWorkspace }) => hasWorkspace);
  if (last === undefined) return undefined;
  return { path: layerPaths(folder, last.key).workspace, uidBase: last.uidBase };
}

import { createHash } from "node:crypto";
import { existsSync, type Stats, statSync } from "node:fs";
import { mkdir, readFile, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import type { StateFolder } from "../state-folder.ts";
import { buildImage } from "./build.ts";
import { nodeHeaders } from "./node-headers.ts";

/** Part of the key: raise it when the image is built in another way. */
const builderVersion = 3;
const dpkgStatus = "/var/lib/dpkg/status";

/** A root file system that all sandboxes of a host share, read-only. */
export interface Image {
  readonly key: string;
  readonly path: string;
}

let known: { readonly stamp: string; readonly key: string } | undefined;

/** The image of the host as it is now; made at the first call after its packages changed. */
export async function ensureImage(
  folder: StateFolder,
  options: {
    readonly nodePath: string;
    readonly onProgress?: (sentence: string) => void;
    /** What names the state of the host's packages, where it is not dpkg's own file. */
    readonly statusFile?: string;
  },
): Promise<Image> {
  const key = await imageKey(options.nodePath, options.statusFile ?? dpkgStatus);
  const path = join(folder.images, key);
  if (existsSync(path)) return { key, path };
  options.onProgress?.("Making the sandbox image from this host's packages (about 10 s, once).");
  await mkdir(folder.images, { recursive: true, mode: 0o700 });
  const unfinished = join(folder.images, `.new-${key}-${process.pid}`);
  await rm(unfinished, { recursive: true, force: true });
  try {
    await buildImage(unfinished, options.nodePath);
    await rename(unfinished, path);
  } catch (error) {
    await rm(unfinished, { recursive: true, force: true });
    // Another process was faster: the same key is the same image.
    if (!existsSync(path)) throw error;
  }
  return { key, path };
}

/** The image that a sandbox was begun with, if it is still there. */
export function existingImage(folder: StateFolder, key: string): Image | undefined {
  const path = join(folder.images, key);
  return /^[0-9a-f]{16}$/.test(key) && existsSync(path) ? { key, path } : undefined;
}

async function imageKey(nodePath: string, statusFile: string): Promise<string> {
  const node = statSync(nodePath);
  const stamp = [fileStamp(statSync(statusFile)), nodePath, fileStamp(node)].join(" ");
  if (known?.stamp === stamp) return known.key;
  const key = createHash("sha256")
    .update(
      `${builderVersion} ${process.version} ${node.size} ${nodeHeaders(nodePath) !== undefined} `,
    )
    .update(await readFile(statusFile))
    .digest("hex")
    .slice(0, 16);
  known = { stamp, key };
  return key;
}

function fileStamp(file: Stats): string {
  return `${file.ino}:${file.size}:${file.mtimeMs}`;
}

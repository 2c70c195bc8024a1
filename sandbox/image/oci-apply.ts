import { lstat, readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { runOrThrow } from "../command.ts";
import { systemEnvironment } from "../host-environment.ts";
import { removeTree } from "../removal.ts";
import { isPlainFolder } from "./inside-root.ts";

const whiteout = ".wh.";
const opaque = ".wh..wh..opq";

/** Puts an unpacked layer over what is below; its whiteouts take away, its links are followed nowhere. */
export async function applyLayer(layer: string, target: string): Promise<void> {
  await takeAway(layer, target, "");
  // Every folder is a member of its own: it takes the place of a link to elsewhere.
  const script = 'set -e; tar -C "$1" -c --numeric-owner . | tar -C "$2" -x --numeric-owner -p';
  await runOrThrow("putting a layer over the one below", {
    argv: ["bash", "-o", "pipefail", "-c", script, "apply", layer, target],
    env: systemEnvironment,
    timeoutMs: 1_800_000,
    maxOutputBytes: 64_000,
  });
}

async function takeAway(layer: string, target: string, below: string): Promise<void> {
  for (const entry of await readdir(join(layer, below), { withFileTypes: true })) {
    const path = below === "" ? entry.name : `${below}/${entry.name}`;
    if (entry.name.startsWith(whiteout)) {
      await rm(join(layer, path), { recursive: true });
      if (below !== "" && !isPlainFolder(target, below)) continue;
      if (entry.name === opaque) await empty(join(target, below));
      else await remove(join(target, below), entry.name.slice(whiteout.length));
      continue;
    }
    if (entry.isDirectory()) {
      await takeAway(layer, target, path);
      continue;
    }
    // tar puts no file where a folder is.
    if (!isPlainParent(target, below)) continue;
    const found = await lstat(join(target, path)).catch(() => undefined);
    if (found?.isDirectory()) await removeTree(join(target, path));
  }
}

function isPlainParent(target: string, below: string): boolean {
  return below === "" || isPlainFolder(target, below);
}

async function empty(folder: string): Promise<void> {
  for (const name of await readdir(folder).catch(() => [])) await removeTree(join(folder, name));
}

/** A name of one part: `.wh...` would be the folder above. */
async function remove(folder: string, name: string): Promise<void> {
  if (name === "" || name === "." || name === "..") return;
  await removeTree(join(folder, name));
}

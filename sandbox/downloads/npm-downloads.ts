import { createHash } from "node:crypto";
import { existsSync, readdirSync } from "node:fs";
import { mkdir, readdir, rename, stat, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { removeInBackground } from "../removal.ts";
import type { StateFolder } from "../state-folder.ts";
import { Beneath, BeneathError } from "../workspace/beneath.ts";

/** Where npm keeps what it fetched, by the hash that a lock file names it by. */
const cachePath = "root/.npm/_cacache/content-v2/sha512";
const maxFileBytes = 256 * 1024 ** 2;
const maxStoreBytes = 4 * 1024 ** 3;

/**
 * What npm fetched in the sandboxes of one owner (a repository: its packages may be private), for
 * its later ones: a tree to be mounted below their image. Nothing in it has to be trusted: npm asks
 * for a package by its hash, the host has checked that each file has the hash that its name says,
 * and npm checks it again.
 */
export function npmDownloads(folder: StateFolder, owner: string): string | undefined {
  const own = storeOf(folder, owner);
  const newest = generations(own).at(-1);
  return newest === undefined ? undefined : join(own, newest);
}

/** Takes over what a sandbox that has ended has fetched; answers how many files were new. */
export async function keepNpmDownloads(
  folder: StateFolder,
  owner: string,
  rootUpper: string,
): Promise<number> {
  if (!existsSync(join(rootUpper, cachePath))) return 0;
  const store = await openStore(storeOf(folder, owner));
  let count = 0;
  using upper = new Beneath(rootUpper);
  // The names alone are read without the door: what they say is checked before it is used.
  for (const path of await listContent(join(rootUpper, cachePath))) {
    const kept = join(store, cachePath, path);
    if (existsSync(kept)) continue;
    const bytes = await readChecked(upper, path);
    if (bytes === undefined) continue;
    await mkdir(dirname(kept), { recursive: true, mode: 0o755 });
    const unfinished = join(store, `.new-${process.pid}-${count}`);
    await writeFile(unfinished, bytes, { mode: 0o644 });
    await rename(unfinished, kept);
    count += 1;
  }
  return count;
}

async function readChecked(upper: Beneath, path: string): Promise<Buffer | undefined> {
  try {
    const bytes = await upper.readFile(`${cachePath}/${path}`, maxFileBytes);
    const hash = createHash("sha512").update(bytes).digest("hex");
    return hash === path.replaceAll("/", "") ? bytes : undefined;
  } catch (error) {
    if (error instanceof BeneathError) return undefined;
    throw error;
  }
}

/** Paths such as `ab/cd/0123…`: 128 digits in all. */
async function listContent(folder: string): Promise<string[]> {
  const found: string[] = [];
  for (const one of await names(folder, 2)) {
    for (const two of await names(join(folder, one), 2)) {
      const rest = await names(join(folder, one, two), 124);
      found.push(...rest.map((name) => `${one}/${two}/${name}`));
    }
  }
  return found;
}

async function names(folder: string, length: number): Promise<string[]> {
  const all = await readdir(folder).catch(() => []);
  return all.filter((name) => name.length === length && /^[0-9a-f]+$/.test(name));
}

/**
 * The store to add to; a new one where the last is full. A store that a sandbox may have mounted
 * only grows: it goes when the one after it is full too.
 */
async function openStore(own: string): Promise<string> {
  const all = generations(own);
  const newest = all.at(-1);
  if (newest !== undefined) {
    const path = join(own, newest);
    if ((await sizeOf(path)) < maxStoreBytes) return path;
    for (const old of all.slice(0, -1)) await removeStore(own, old);
  }
  const path = join(own, String(Number(newest ?? 0) + 1));
  await mkdir(own, { recursive: true, mode: 0o700 });
  await mkdir(path, { recursive: true, mode: 0o755 });
  return path;
}

async function sizeOf(store: string): Promise<number> {
  const content = join(store, cachePath);
  let bytes = 0;
  for (const path of await listContent(content)) bytes += (await stat(join(content, path))).size;
  return bytes;
}

async function removeStore(own: string, name: string): Promise<void> {
  const doomed = join(own, `.gone-${name}-${process.pid}`);
  await rename(join(own, name), doomed);
  removeInBackground(doomed);
}

function generations(own: string): string[] {
  try {
    const found = readdirSync(own).filter((name) => /^\d{1,9}$/.test(name));
    return found.sort((a, b) => Number(a) - Number(b));
  } catch {
    return [];
  }
}

function storeOf(folder: StateFolder, owner: string): string {
  return join(folder.downloads, owner, "npm");
}

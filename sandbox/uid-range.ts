import { createHash } from "node:crypto";
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { uidRangeSize } from "./bundle/config.ts";
import { groupFolders, readCgroupLayout } from "./cgroups/cgroup.ts";
import { boxGroup } from "./cgroups/names.ts";
import { noteInstallation } from "./installations.ts";
import { sandboxPaths } from "./keeper-paths.ts";
import { type StateFolder, stateFolder } from "./state-folder.ts";

/** Above systemd's ranges and what `useradd` gives to subuids, below the sign bit. */
const firstUid = 0x7000_0000;
const rangeCount = 0x0fff;

/**
 * The first uid of the task's range: the same for all its sandboxes until it is forgotten, since
 * files on disk belong to it. Claimed by a file in the host's shared folder, whose making is atomic.
 */
export function reserveUidRange(folder: StateFolder, id: string, ownerOfUpper?: number): number {
  const paths = sandboxPaths(folder, id);
  const known = readNumber(paths.uidBase);
  if (known !== undefined) return known;
  mkdirSync(paths.private, { recursive: true, mode: 0o700 });
  // Before anything in the kernel or on disk carries our label or an uid of the range.
  noteInstallation(folder);
  const base = ownerOfUpper ?? claimRange(folder, id);
  if (ownerOfUpper !== undefined) claimAgain(folder, id, ownerOfUpper);
  writeFileSync(paths.uidBase, String(base));
  return base;
}

/** Gives a range back: only when no file of the task is left under its name. */
export function dropClaim(folder: StateFolder, base: number): void {
  rmSync(join(registry(folder), String(base)), { force: true });
}

/** Owner of the upper that an earlier sandbox of the task left, if it is of a range of ours. */
export function ownerOfUpper(upperParent: string): number | undefined {
  try {
    const { uid } = statSync(join(upperParent, "upper"));
    return uid >= firstUid ? uid : undefined;
  } catch {
    return undefined;
  }
}

/** A claim of the registry, with who has it. */
export interface UidRange {
  readonly base: number;
  readonly home: string;
  readonly id: string;
}

/** Every range that the registry knows. */
export function readUidRanges(folder: StateFolder): UidRange[] {
  const found: UidRange[] = [];
  let names: string[] = [];
  try {
    names = readdirSync(registry(folder));
  } catch {
    return found;
  }
  for (const name of names) {
    const [home, id] = (readText(join(registry(folder), name)) ?? "").split("\n");
    if (home !== undefined && id !== undefined) found.push({ base: Number(name), home, id });
  }
  return found;
}

function claimRange(folder: StateFolder, id: string): number {
  mkdirSync(registry(folder), { recursive: true, mode: 0o700 });
  // Begin where the hash says, so that two registries of one host seldom meet.
  const digest = createHash("sha256").update(`${folder.home}\n${id}`).digest();
  const start = digest.readUInt32BE(0) % rangeCount;
  for (let step = 0; step < rangeCount; step++) {
    const base = firstUid + ((start + step) % rangeCount) * uidRangeSize;
    dropAbandoned(folder, join(registry(folder), String(base)));
    try {
      writeFileSync(join(registry(folder), String(base)), `${folder.home}\n${id}`, { flag: "wx" });
      return base;
    } catch (error) {
      if (!(error instanceof Error && "code" in error && error.code === "EEXIST")) throw error;
    }
  }
  throw new Error("Every uid range of this host is taken: run `colony sweep`.");
}

/** The upper of an earlier sandbox holds its range, whatever became of the claim. */
function claimAgain(folder: StateFolder, id: string, base: number): void {
  mkdirSync(registry(folder), { recursive: true, mode: 0o700 });
  const claim = join(registry(folder), String(base));
  dropAbandoned(folder, claim);
  if (readText(claim) === undefined) writeFileSync(claim, `${folder.home}\n${id}`, { mode: 0o600 });
}

/**
 * A claim whose whole installation is gone from the disk has no file that could belong to it; what
 * runs on under its uids is another matter.
 */
function dropAbandoned(folder: StateFolder, claim: string): void {
  const [home, id] = (readText(claim) ?? "").split("\n");
  if (home === undefined || home === "" || id === undefined || existsSync(home)) return;
  const group = boxGroup(stateFolder(home, folder.shared), id);
  if (groupFolders(readCgroupLayout(), group).length > 0) return;
  rmSync(claim, { force: true });
}

function registry(folder: StateFolder): string {
  return join(folder.shared, "uid-ranges");
}

function readNumber(path: string): number | undefined {
  const text = readText(path);
  return text === undefined || text === "" ? undefined : Number(text);
}

function readText(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return undefined;
  }
}

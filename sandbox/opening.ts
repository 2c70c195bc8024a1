import { mkdirSync, readFileSync, rmdirSync, rmSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { SandboxExistsError } from "./errors.ts";
import { readProcess } from "./keeper/process-tree.ts";
import type { SandboxPaths } from "./keeper-paths.ts";

/**
 * Says on disk that this process is making the sandbox, or ending what is left of it: nobody else
 * does either meanwhile. Throws SandboxExistsError where somebody was faster.
 */
export function markOpening(paths: SandboxPaths): Disposable {
  const mark = join(paths.private, "opening");
  const ours = ownMark();
  for (let attempt = 0; ; attempt++) {
    try {
      writeFileSync(mark, ours, { mode: 0o600, flag: "wx" });
      return { [Symbol.dispose]: () => rmSync(mark, { force: true }) };
    } catch (error) {
      if (!(error instanceof Error && "code" in error && error.code === "EEXIST")) throw error;
      if (isOpening(paths) || attempt > 2) throw new SandboxExistsError(basename(paths.private));
      rmSync(mark, { force: true });
    }
  }
}

/** The mark of one who ends what is left; undefined: somebody is at it. */
export function markEnding(paths: SandboxPaths): Disposable | undefined {
  try {
    // Of some sandboxes nothing is left on the disk.
    const isNew = mkdirSync(paths.private, { recursive: true, mode: 0o700 }) !== undefined;
    const mark = markOpening(paths);
    return {
      [Symbol.dispose]() {
        mark[Symbol.dispose]();
        if (isNew) removeEmpty(paths.private);
      },
    };
  } catch (error) {
    if (error instanceof SandboxExistsError) return undefined;
    throw error;
  }
}

/** Whether the process that makes (or ends) the sandbox lives. */
export function isOpening(paths: SandboxPaths): boolean {
  return isHeld(join(paths.private, "opening"));
}

/** Says that the sandbox is this process's own, and that its end is the sandbox's. */
export function markOwner(paths: SandboxPaths): Disposable {
  mkdirSync(paths.private, { recursive: true, mode: 0o700 });
  const mark = join(paths.private, "owner");
  writeFileSync(mark, ownMark(), { mode: 0o600 });
  return { [Symbol.dispose]: () => rmSync(mark, { force: true }) };
}

/** Whether the process that a sandbox belongs to lives. */
export function isOwned(paths: SandboxPaths): boolean {
  return isHeld(join(paths.private, "owner"));
}

function ownMark(): string {
  return `${process.pid} ${readProcess(process.pid)?.startTime}`;
}

function isHeld(mark: string): boolean {
  try {
    const [pid, startTime] = readFileSync(mark, "utf8").split(" ").map(Number);
    return pid !== undefined && readProcess(pid)?.startTime === startTime;
  } catch {
    return false;
  }
}

function removeEmpty(path: string): void {
  try {
    rmdirSync(path);
  } catch {
    // Removed, or used by now.
  }
}

import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { readProcess } from "./keeper/process-tree.ts";
import type { SandboxPaths } from "./keeper-paths.ts";

/** Says on disk that this process is making the sandbox: a sweep must not take it for a leftover. */
export function markOpening(paths: SandboxPaths): Disposable {
  const mark = markPath(paths);
  writeFileSync(mark, `${process.pid} ${readProcess(process.pid)?.startTime}`, { mode: 0o600 });
  return { [Symbol.dispose]: () => rmSync(mark, { force: true }) };
}

/** Whether the process that makes the sandbox lives. */
export function isOpening(paths: SandboxPaths): boolean {
  try {
    const [pid, startTime] = readFileSync(markPath(paths), "utf8").split(" ").map(Number);
    return pid !== undefined && readProcess(pid)?.startTime === startTime;
  } catch {
    return false;
  }
}

function markPath(paths: SandboxPaths): string {
  return join(paths.private, "opening");
}

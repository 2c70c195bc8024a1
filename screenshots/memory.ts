import { readdir, readFile } from "node:fs/promises";

/** Memory that one process has for itself, as the kernel counts it. */
export interface ProcessMemory {
  readonly pid: number;
  readonly bytes: number;
}

/** What to do about the browser's memory. */
export type MemoryDecision =
  | { readonly kind: "keep" }
  | { readonly kind: "kill-process"; readonly pid: number; readonly bytes: number }
  | { readonly kind: "retire"; readonly bytes: number };

export interface MemoryLimits {
  /** One process of the browser: a page that bombs. */
  readonly processBytes: number;
  /** All of them, while pictures are taken. */
  readonly totalBytes: number;
}

/** The page with the bomb ends first; a browser that is too large as a whole is replaced. */
export function decideMemory(
  processes: readonly ProcessMemory[],
  limits: MemoryLimits,
): MemoryDecision {
  const bytes = processes.reduce((sum, process) => sum + process.bytes, 0);
  const largest = processes.toSorted((a, b) => b.bytes - a.bytes)[0];
  if (largest && largest.bytes > limits.processBytes) {
    return { kind: "kill-process", pid: largest.pid, bytes: largest.bytes };
  }
  return bytes > limits.totalBytes ? { kind: "retire", bytes } : { kind: "keep" };
}

/** Reads the memory of every process of this PID namespace but this one and PID 1. */
export async function readMemory(): Promise<readonly ProcessMemory[]> {
  const pids = (await readdir("/proc")).map(Number).filter((pid) => pid > 1 && pid !== process.pid);
  const found = await Promise.all(pids.map(readProcess));
  return found.filter((entry) => entry !== undefined);
}

async function readProcess(pid: number): Promise<ProcessMemory | undefined> {
  try {
    const status = await readFile(`/proc/${pid}/status`, "utf8");
    return { pid, bytes: parseOwnBytes(status) };
  } catch {
    return undefined;
  }
}

/** Anonymous and shared memory; what is mapped from files is the package's, common to all. */
export function parseOwnBytes(status: string): number {
  const field = (name: string) =>
    Number(new RegExp(`^${name}:\\s+(\\d+) kB$`, "m").exec(status)?.[1] ?? 0) * 1024;
  return field("RssAnon") + field("RssShmem");
}

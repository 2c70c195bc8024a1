import { readFile } from "node:fs/promises";

/** What of the host limits a sandbox. */
export interface HostFacts {
  /** Our own hard limit of open files: without CAP_SYS_RESOURCE the runtime cannot pass it. */
  readonly openFiles: number;
}

/** Reads them from `/proc`. */
export async function readHostFacts(): Promise<HostFacts> {
  return { openFiles: parseOpenFiles(await readFile("/proc/self/limits", "utf8")) };
}

/** The hard limit of the line `Max open files`. */
export function parseOpenFiles(limits: string): number {
  const hard = /^Max open files\s+\S+\s+(\S+)/m.exec(limits)?.[1];
  return hard === undefined || hard === "unlimited" ? 1_048_576 : Number(hard);
}

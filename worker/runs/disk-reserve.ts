import { statfs } from "node:fs/promises";
import { Refusal } from "../protocol/refusal.ts";
import { sizeText } from "./limits.ts";
import type { RunContext } from "./run-context.ts";

const mostDefaultBytes = 2 * 1024 ** 3;
const defaultShare = 0.02;

/** The disk of the state folder, and how much of it is to stay free. */
export interface DiskSight {
  readonly freeBytes: number;
  readonly reserveBytes: number;
}

/** What stays free for Redis, snapshots and logs, whatever sandboxes write. */
export function decideReserve(totalBytes: number, wish: number | undefined): number {
  return wish ?? Math.min(mostDefaultBytes, Math.floor(totalBytes * defaultShare));
}

/** Asks the file system. */
export async function readDisk({ admin, config }: RunContext): Promise<DiskSight> {
  const { bsize, blocks, bavail } = await statfs(config.folder.home);
  const reserveBytes = decideReserve(blocks * bsize, admin.reserve);
  return { freeBytes: bavail * bsize, reserveBytes };
}

/** Refuses to begin what would only be stopped again. */
export async function demandDisk(context: RunContext): Promise<void> {
  const { freeBytes, reserveBytes } = await readDisk(context);
  if (freeBytes >= reserveBytes) return;
  throw new Refusal(
    `The disk of this host is nearly full: ${sizeText(freeBytes)} are free, and ${sizeText(reserveBytes)} are to stay free (\`reserve\` in config.yml). Retry when the administrator has freed some.`,
  );
}

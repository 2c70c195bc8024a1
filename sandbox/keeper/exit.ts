import { constants } from "node:os";
import type { Exit } from "../spec.ts";

/** Signals that programs die of; other codes above 128 are numbers that a program chose (git: 129). */
const deadly: readonly NodeJS.Signals[] = [
  ...(["SIGINT", "SIGILL", "SIGABRT", "SIGBUS", "SIGFPE", "SIGKILL"] as const),
  ...(["SIGSEGV", "SIGTERM"] as const),
];

/** What the runtime's own end says of the program that it ran. */
export function decideExit(end: {
  readonly code: number | null;
  readonly signal: string | null;
  readonly outOfMemoryKills: number;
  readonly diskFull: boolean;
  /** The runtime wrote a pid: the program was there. */
  readonly hasBegun: boolean;
}): Exit {
  // A shell's number for a program that is not found.
  if (!end.hasBegun && end.code !== null && end.code !== 0 && end.code < 128) {
    return { exitCode: 127, signal: null, outOfMemory: false };
  }
  const named = deadly.find((name) => end.code === 128 + constants.signals[name]);
  const failed = end.code !== 0;
  return {
    exitCode: end.code,
    signal: end.signal ?? named ?? null,
    outOfMemory: failed && end.outOfMemoryKills > 0,
    ...(end.diskFull && failed ? { diskFull: true } : {}),
  };
}

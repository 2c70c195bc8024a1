import { cp, stat } from "node:fs/promises";
import { dirname } from "node:path";
import { runCommand } from "../../sandbox/command.ts";
import { hostPath } from "../process/host-path.ts";
import type { RedisFiles } from "./settings.ts";

/** What was done to a broken append-only file. */
export interface Repair {
  readonly sentence: string;
  /** Untouched copy of what was there before. */
  readonly copy: string;
}

/**
 * Cuts a broken append-only file at its first unreadable command (a power cut leaves zeros or
 * garbage at its end, which `aof-load-truncated` does not accept), after a copy. Undefined when
 * the file is sound or absent: then the server failed for another reason.
 */
export async function repairAppendOnlyFile(
  files: RedisFiles,
  owner: { readonly uid: number; readonly gid: number },
  nowMs: number,
): Promise<Repair | undefined> {
  const found = await stat(files.aofManifest).catch(() => undefined);
  if (found === undefined) return undefined;
  const check = (fix: readonly string[], input: string) =>
    runCommand({
      argv: ["redis-check-aof", ...fix, files.aofManifest],
      env: { PATH: hostPath },
      cwd: dirname(files.aofManifest),
      ...(process.getuid?.() === 0 ? owner : {}),
      input,
      timeoutMs: 600_000,
      maxOutputBytes: 100_000,
    });
  const sound = await check([], "");
  if (sound.exitCode === 0) return undefined;
  const copy = `${dirname(files.aofManifest)}.broken-${new Date(nowMs).toISOString().replaceAll(":", "-")}`;
  await cp(dirname(files.aofManifest), copy, { recursive: true });
  const fixed = await check(["--fix"], "y\n");
  if (fixed.exitCode !== 0) return undefined;
  return {
    copy,
    sentence: `The control Redis could not read the end of its log, as after a power cut; it was cut at the last readable command (copy of the whole: ${copy}).`,
  };
}

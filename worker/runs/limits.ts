import type { LimitCounts } from "../../sandbox/sandbox.ts";
import type { EffectiveSettings } from "../settings/effective-settings.ts";
import type { Limits } from "../settings/repository-settings.ts";
import type { Failure } from "./failure.ts";

/** What holds for a run, and how far it may be raised. */
export type RunLimits = Pick<
  EffectiveSettings,
  "limits" | "runTimeMs" | "silenceMs" | "mostLimits"
>;

/** What is known at one moment of a run. */
export interface LimitSight extends LimitCounts {
  readonly nowMs: number;
  /** Start of the spell of work that goes on. */
  readonly beganMs: number;
  /** When the agent was last heard, and the processor time that its sandbox had used by then. */
  readonly heardMs: number;
  readonly heardCpuMs: number;
}

/** A sandbox that works at most this share of the time does nothing: it only waits. */
const idleShare = 0.02;

/** Whether the run is over for a limit; undefined: it goes on. */
export function decideOver(sight: LimitSight, limits: RunLimits): Failure | undefined {
  if (sight.stop !== undefined) return stopFailure(sight.stop, limits);
  if (sight.nowMs - sight.beganMs >= limits.runTimeMs) {
    return failure(
      "limit-time",
      `The agent has worked for ${timeText(limits.runTimeMs)}, the limit on one run's time`,
      raise("time", limits.runTimeMs, timeText, limits),
    );
  }
  const silentMs = sight.nowMs - sight.heardMs;
  if (silentMs < limits.silenceMs || !isIdle(sight)) return undefined;
  return failure(
    "limit-silence",
    `The agent has said and done nothing for ${timeText(limits.silenceMs)}, the limit on its silence`,
    raise("silence", limits.silenceMs, timeText, limits),
  );
}

/** Whether the sandbox only waited since the agent was last heard. */
export function isIdle(sight: LimitSight): boolean {
  const silentMs = sight.nowMs - sight.heardMs;
  return sight.cpuMs - sight.heardCpuMs <= silentMs * idleShare;
}

/** Sentences on what the kernel refused since the last look, while the agent goes on. */
export function decideRemarks(before: LimitCounts, now: LimitCounts, limits: RunLimits): string[] {
  const sentences: string[] = [];
  const killed = now.outOfMemoryKills - before.outOfMemoryKills;
  const { memoryBytes, pids } = limits.limits;
  if (killed > 0) {
    const what = killed === 1 ? "a process" : `${killed} processes`;
    sentences.push(
      `The sandbox reached its memory limit (${sizeText(memoryBytes)}), so the kernel killed ${what}. ${raise("memory", memoryBytes, sizeText, limits)}`,
    );
  }
  // Once is enough: a program that cannot fork tries again and again.
  if (now.refusedForks > 0 && before.refusedForks === 0) {
    sentences.push(
      `The sandbox reached its limit of ${pids} processes; the kernel refuses more. ${raise("pids", pids, String, limits)}`,
    );
  }
  return sentences;
}

/** The memory limit killed the agent itself. */
export function memoryFailure(limits: RunLimits): Failure {
  const { memoryBytes } = limits.limits;
  return failure(
    "limit-memory",
    `The agent was killed: its sandbox reached the memory limit (${sizeText(memoryBytes)})`,
    raise("memory", memoryBytes, sizeText, limits),
  );
}

/** What ended the sandbox was no one of its task. */
export function stopFailure(stop: NonNullable<LimitCounts["stop"]>, limits: RunLimits): Failure {
  const { diskBytes } = limits.limits;
  if (stop === "disk-full") {
    return failure(
      "limit-disk",
      `The sandbox was stopped: its files outgrew the disk limit (${sizeText(diskBytes)})`,
      raise("disk", diskBytes, sizeText, limits),
    );
  }
  return failure(
    "host-disk-full",
    "The sandbox was stopped: the disk of this host is nearly full, and of those at work it had written the most",
    "The administrator has to free space, or to lower `reserve` in config.yml.",
  );
}

/** The same of a sandbox that nobody drove. */
export function restingStop(stop: NonNullable<LimitCounts["stop"]>): string {
  const kept = "The files are kept; a reply goes on from them.";
  return stop === "disk-full"
    ? `The sandbox was stopped: its files outgrew the disk limit (\`limits: {disk: …}\` in .colony.yml). ${kept}`
    : `The sandbox was stopped: the disk of this host is nearly full, and of those that lived it had written the most. ${kept}`;
}

function failure(kind: string, what: string, how: string): Failure {
  return { kind, sentence: `${what}. ${how} The files are kept; Retry goes on from them.` };
}

/** How to raise a limit, by those who can. */
function raise(
  name: keyof Limits,
  value: number,
  text: (value: number) => string,
  { mostLimits }: RunLimits,
): string {
  const most = mostLimits[name];
  if (most !== undefined && value >= most) {
    return `Only the administrator can raise it: \`limits: {${name}: …}\` in config.yml.`;
  }
  const wish = Math.min(value * 2, most ?? Number.POSITIVE_INFINITY);
  return `\`limits: {${name}: ${text(wish)}}\` in .colony.yml of the base branch raises it.`;
}

/** As settings write it: `512M`, `1.5G`. */
export function sizeText(bytes: number): string {
  for (const [unit, size] of [
    ["T", 1024 ** 4],
    ["G", 1024 ** 3],
    ["M", 1024 ** 2],
  ] as const) {
    if (bytes >= size) return `${Number((bytes / size).toFixed(1))}${unit}`;
  }
  return `${Math.ceil(bytes / 1024)}K`;
}

/** As settings write it: `90s`, `20m`, `12h`. */
export function timeText(ms: number): string {
  const seconds = Math.round(ms / 1_000);
  if (seconds % 3_600 === 0) return `${seconds / 3_600}h`;
  return seconds % 60 === 0 ? `${seconds / 60}m` : `${seconds}s`;
}

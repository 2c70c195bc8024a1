import { dirname, join } from "node:path";
import { keepNpmDownloads } from "./downloads/npm-downloads.ts";
import { endSandbox, removeSandboxFiles } from "./ending.ts";
import { demandMinimum } from "./guarantees/lacking.ts";
import { sandboxPaths } from "./keeper-paths.ts";
import { seeingOnly } from "./landlock.ts";
import { ensureLayers, type Layers } from "./layers/ensure.ts";
import type { LayersWanted } from "./layers/wanted.ts";
import { sweepLeftovers } from "./leftovers.ts";
import { readHostSettings, type SettingsOwner } from "./network/host-settings.ts";
import { findKeeper, launchSandbox } from "./open.ts";
import { openedSandbox } from "./opened-sandbox.ts";
import type { OpenOptions } from "./prepare.ts";
import { readableNode } from "./readable-node.ts";
import { type ForegroundRun, runForeground } from "./run.ts";
import type { Sandbox, SandboxSpec } from "./spec.ts";
import type { StateFolder } from "./state-folder.ts";
import { readUnprivilegedUser } from "./unprivileged-user.ts";

export { isSandboxAsleep } from "./asleep.ts";
export { readSandboxBytes, stopForDisk } from "./disk-use.ts";
export { egressChangedMs, egressFiles, readEgressState, readLedger } from "./egress-files.ts";
export { endSandbox } from "./ending.ts";
export { KeeperLostError } from "./errors.ts";
export { type GuaranteeName, guarantees } from "./guarantees/guarantees.ts";
export { ImageError } from "./image/image-error.ts";
export { ensureOwnImage, type OwnImageRules } from "./image/own-image.ts";
export { personPrefix } from "./keeper/protocol.ts";
export { seeingOnly } from "./landlock.ts";
export { keepWarmKeeper } from "./launch.ts";
export type { Layers } from "./layers/ensure.ts";
export { LayerStepError } from "./layers/errors.ts";
export { hasBegun, layerSteps } from "./layers/layer.ts";
export type { LayerStep, LayersWanted } from "./layers/wanted.ts";
export {
  type Leftover,
  type OwnerOf,
  type Ownership,
  type Sweep,
  sweepLeftovers,
} from "./leftovers.ts";
export { type LimitCounts, readLimitCounts } from "./limit-counts.ts";
export { readSandboxMemory } from "./memory.ts";
export { findEntry, parseEgressEntry, renderEgressEntry } from "./network/egress-entry.ts";
export type { EgressRefusal, EgressState, HostTraffic } from "./network/egress-state.ts";
export type { LedgerEntry } from "./network/ledger.ts";
export type { ForegroundRun } from "./run.ts";
export type * from "./spec.ts";

/** What may be chosen beside the spec. */
export interface SandboxOptions {
  /** Whose registries and proxies count; absent: root's files, and no environment. */
  readonly settingsOwner?: SettingsOwner;
  /** Address ranges that the administrator allows although the built-in list refuses them. */
  readonly allowedRanges?: readonly string[];
  /** Takes a sentence when something slow happens (the image is made). */
  readonly onProgress?: (sentence: string) => void;
  /** A copy of our code that everybody may read; absent: where this code runs from. */
  readonly codeRoot?: string;
  /** False: nothing but `lo`, no previews. */
  readonly withNetwork?: boolean;
  /** An OCI runtime, by name or path; absent: crun. */
  readonly runtime?: string;
  /** Names of guarantees without which nothing runs. */
  readonly minimum?: readonly string[];
}

/**
 * Makes a sandbox and the keeper that holds it. What an earlier, dead one of this id left is ended
 * first; a living one is a `SandboxExistsError`. Its root and HOME are those of the earlier one.
 */
export async function openSandbox(
  folder: StateFolder,
  spec: SandboxSpec,
  options: SandboxOptions = {},
): Promise<Sandbox> {
  const kept = await launchSandbox(folder, spec, await openOptions(folder, options));
  return openedSandbox(folder, spec.id, kept);
}

/** Throws `MinimumError` where this host cannot give what is demanded. */
async function openOptions(folder: StateFolder, options: SandboxOptions): Promise<OpenOptions> {
  if (options.minimum !== undefined) demandMinimum(options.minimum);
  const { settingsOwner = { env: {}, home: "/root" }, allowedRanges = [], onProgress } = options;
  const progress = {
    ...(onProgress === undefined ? {} : { onProgress }),
    ...(options.runtime === undefined ? {} : { runtime: options.runtime }),
  };
  if (options.withNetwork === false) return progress;
  const { gid: dialerGid } = await readUnprivilegedUser();
  const code = options.codeRoot === undefined ? {} : { codeRoot: options.codeRoot };
  const codeRoot = options.codeRoot ?? join(import.meta.dirname, "..");
  // Only what the relay's user may reach: it opens these itself before it confines itself.
  const readable = [codeRoot, dirname(readableNode(codeRoot))];
  const [host, confinement] = await Promise.all([
    hostSettings(settingsOwner),
    seeingOnly(folder, readable),
  ]);
  return { ...progress, network: { dialerGid, host, allowedRanges, confinement, ...code } };
}

/** Keeps for `downloads` of a spec what a sandbox that has ended has fetched, where its hash is right. */
export function keepDownloads(folder: StateFolder, id: string, owner: string): Promise<number> {
  return keepNpmDownloads(folder, owner, sandboxPaths(folder, id).rootUpper);
}

/**
 * The layers that a sandbox is to stand on, for its spec: those that are not there are made first.
 * One that has begun (`hasBegun`) keeps its own. Throws `LayerStepError`.
 */
export async function ensureSandboxLayers(
  folder: StateFolder,
  wanted: LayersWanted,
  options: SandboxOptions = {},
): Promise<Layers> {
  return ensureLayers(folder, wanted, await openOptions(folder, options));
}

/** Connects to a living sandbox; undefined when it has no living keeper. */
export async function adoptSandbox(folder: StateFolder, id: string): Promise<Sandbox | undefined> {
  const kept = await findKeeper(folder, id);
  return kept === undefined ? undefined : openedSandbox(folder, id, kept);
}

/**
 * Ends the sandbox if it lives and removes all that it wrote, HOME and logs too; answers bytes.
 * `isPatient`: not before the files are gone.
 */
export async function forgetSandbox(
  folder: StateFolder,
  id: string,
  options: { readonly isPatient?: boolean } = {},
): Promise<number> {
  await endSandbox(folder, id);
  return removeSandboxFiles(folder, id, options);
}

/**
 * `colony sandbox run`: one program in a sandbox of its own, in the foreground, leaving nothing.
 * Answers the exit code; see `sandbox/run.ts`.
 */
export async function runInForeground(
  folder: StateFolder,
  run: ForegroundRun,
  options: SandboxOptions = {},
): Promise<number> {
  await sweepLeftovers(folder);
  const withNetwork = run.egress.kind !== "none";
  return runForeground(folder, run, await openOptions(folder, { ...options, withNetwork }));
}

let settings: ReturnType<typeof readHostSettings> | undefined;

/** Read once per process: it asks apt and reads several files. */
function hostSettings(owner: SettingsOwner): ReturnType<typeof readHostSettings> {
  settings ??= readHostSettings(owner);
  return settings;
}

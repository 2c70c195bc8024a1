import { dropGoneInstallations, findAbandoned } from "./leftovers/abandoned.ts";
import { findHalfFolders, findOldImages } from "./leftovers/folders.ts";
import type { FoundLeftover, Leftover, OwnerOf } from "./leftovers/leftover.ts";
import { findLoops } from "./leftovers/loops.ts";
import { findSandboxes } from "./leftovers/sandboxes.ts";
import { findUidRanges } from "./leftovers/uid-ranges.ts";
import type { Receipt } from "./spec.ts";
import type { StateFolder } from "./state-folder.ts";
import { findWorkspaceLeftovers } from "./workspace/leftovers.ts";

export type { Leftover, OwnerOf, Ownership } from "./leftovers/leftover.ts";

/** What a sweep found without a living owner, and removed unless it was to look only. */
export interface Sweep {
  readonly found: readonly Leftover[];
  readonly ended: readonly { readonly id: string; readonly receipt: Receipt }[];
  /** Sandboxes with a living keeper and an owner: left alone. */
  readonly living: readonly string[];
  readonly bytesReturned: number;
  /** What could not be removed, in words. */
  readonly failures: readonly string[];
}

export interface SweepOptions {
  /** Says what would go and why, and touches nothing. */
  readonly dryRun?: boolean;
  /** Who knows the tasks; absent: files stay, and what lives is left alone. */
  readonly ownerOf?: OwnerOf;
}

/**
 * Compares what kernel and disk hold with what should live, and removes the rest. Only what carries
 * our label is looked at: cgroups and folders of this installation, claims of it in the registry of
 * uid ranges, and sandboxes of installations of this host whose state folder was deleted.
 */
export async function sweepLeftovers(
  folder: StateFolder,
  options: SweepOptions = {},
): Promise<Sweep> {
  const ownerOf: OwnerOf = options.ownerOf ?? (async () => ({ kind: "kept" }));
  const all: FoundLeftover[] = [];
  const ended: { id: string; receipt: Receipt }[] = [];
  const failures: string[] = [];
  let bytesReturned = 0;
  // In this order: what holds files and numbers goes before them.
  const { living, leftovers } = await findSandboxes(folder, ownerOf);
  await take(leftovers);
  await take(await findAbandoned(folder));
  await take(await findWorkspaceLeftovers(folder, ownerOf));
  await take(await findHalfFolders(folder));
  await take(await findOldImages(folder));
  await take(findLoops(folder));
  await take(findUidRanges(folder));
  if (options.dryRun !== true) await dropGoneInstallations();
  const found = all.map(({ kind, name, why }) => ({ kind, name, why }));
  return { found, ended, living, bytesReturned, failures };

  async function take(some: readonly FoundLeftover[]): Promise<void> {
    all.push(...some);
    if (options.dryRun === true) return;
    for (const one of some) {
      try {
        const { bytes, receipt } = await one.remove();
        bytesReturned += bytes;
        if (receipt !== undefined) ended.push({ id: one.name, receipt });
      } catch (error) {
        const words = error instanceof Error ? error.message : String(error);
        failures.push(`${one.kind} ${one.name}: ${words}`);
      }
    }
  }
}

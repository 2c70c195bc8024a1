import { mkdir } from "node:fs/promises";
import { endSandbox, isLeftOver } from "./ending.ts";
import { SandboxExistsError, SandboxStartError, UnfitFolderError } from "./errors.ts";
import { connectKeeper, type KeeperClient } from "./keeper/client.ts";
import type { KeeperRecord } from "./keeper/keeper-spec.ts";
import { sandboxPaths } from "./keeper-paths.ts";
import { launchKeeper } from "./launch.ts";
import { isOpening, markOpening } from "./opening.ts";
import { type OpenOptions, prepareSandbox } from "./prepare.ts";
import type { SandboxSpec } from "./spec.ts";
import { checkSpec } from "./spec-check.ts";
import type { StateFolder } from "./state-folder.ts";
import { readKeeperRecord } from "./state-of-sandbox.ts";

/** A connection to a keeper with what it wrote down about itself. */
export interface KeptSandbox {
  readonly client: KeeperClient;
  readonly record: KeeperRecord;
}

/** Starts a sandbox with its keeper, which lives on when the caller dies. */
export async function launchSandbox(
  folder: StateFolder,
  spec: SandboxSpec,
  options: OpenOptions,
): Promise<KeptSandbox> {
  checkSpec(spec);
  const paths = sandboxPaths(folder, spec.id);
  using living = await connectKeeper(spec.id, paths.keeperSocket);
  if (living !== undefined) throw new SandboxExistsError(spec.id);
  if (isOpening(paths)) throw new SandboxExistsError(spec.id);
  await mkdir(paths.private, { recursive: true, mode: 0o700 });
  using _mark = markOpening(paths);
  // What an earlier keeper of this id left must be gone first: never mount an upper twice.
  if (isLeftOver(folder, spec.id)) await endSandbox(folder, spec.id);
  try {
    await prepareSandbox(folder, spec, options);
    const report = await launchKeeper(folder, spec.id);
    if (!report.ok) {
      const cause = new SandboxStartError(spec.id, report.step, report.words);
      // The kernel's words for an upper layer that it does not take.
      if (!/overlay: .* not supported as upperdir|wrong fs type.*overlay/.test(report.words))
        throw cause;
      throw new UnfitFolderError(folder.home, { cause });
    }
    const client = await connectKeeper(spec.id, paths.keeperSocket);
    if (client === undefined) throw new SandboxStartError(spec.id, "connecting", "no answer");
    return { client, record: report.record };
  } catch (error) {
    await endSandbox(folder, spec.id);
    throw error;
  }
}

/** Connects to the living keeper of a sandbox, if there is one. */
export async function findKeeper(
  folder: StateFolder,
  id: string,
): Promise<KeptSandbox | undefined> {
  const paths = sandboxPaths(folder, id);
  const record = readKeeperRecord(paths);
  if (record === undefined) return undefined;
  const client = await connectKeeper(id, paths.keeperSocket);
  return client === undefined ? undefined : { client, record };
}

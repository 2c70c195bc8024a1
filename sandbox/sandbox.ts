import { endSandbox, removeSandboxFiles } from "./ending.ts";
import { readHostSettings, type SettingsOwner } from "./network/host-settings.ts";
import { findKeeper, launchSandbox } from "./open.ts";
import { openedSandbox } from "./opened-sandbox.ts";
import type { Sandbox, SandboxSpec } from "./spec.ts";
import type { StateFolder } from "./state-folder.ts";
import { readUnprivilegedUser } from "./unprivileged-user.ts";

export type * from "./spec.ts";

/** What may be chosen beside the spec. */
export interface SandboxOptions {
  /** Whose registries and proxies count; absent: root's files, and no environment. */
  readonly settingsOwner?: SettingsOwner;
  /** Address ranges that the administrator allows although the built-in list refuses them. */
  readonly allowedRanges?: readonly string[];
  /** Takes a sentence when something slow happens (the image is made). */
  readonly onProgress?: (sentence: string) => void;
  /** False: nothing but `lo`, no previews. */
  readonly withNetwork?: boolean;
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
  const { settingsOwner = { env: {}, home: "/root" }, allowedRanges = [], onProgress } = options;
  const kept = await launchSandbox(folder, spec, {
    ...(onProgress === undefined ? {} : { onProgress }),
    ...(options.withNetwork === false
      ? {}
      : {
          network: {
            dialerGid: (await readUnprivilegedUser()).gid,
            host: await hostSettings(settingsOwner),
            allowedRanges,
          },
        }),
  });
  return openedSandbox(folder, spec.id, kept);
}

/** Connects to a living sandbox; undefined when it has no living keeper. */
export async function adoptSandbox(folder: StateFolder, id: string): Promise<Sandbox | undefined> {
  const kept = await findKeeper(folder, id);
  return kept === undefined ? undefined : openedSandbox(folder, id, kept);
}

/** Ends the sandbox if it lives and removes all that it wrote, HOME and logs too; answers bytes. */
export async function forgetSandbox(folder: StateFolder, id: string): Promise<number> {
  await endSandbox(folder, id);
  return removeSandboxFiles(folder, id);
}

let settings: ReturnType<typeof readHostSettings> | undefined;

/** Read once per process: it asks apt and reads several files. */
function hostSettings(owner: SettingsOwner): ReturnType<typeof readHostSettings> {
  settings ??= readHostSettings(owner);
  return settings;
}

import {
  ensureOwnImage,
  ensureSandboxLayers,
  hasBegun,
  type LayerStep,
  LayerStepError,
  type SandboxOptions,
  type SandboxSpec,
} from "../../sandbox/sandbox.ts";
import type { Store, WorkspaceMount } from "../../sandbox/workspace.ts";
import type { EffectiveSettings } from "../settings/effective-settings.ts";
import { type InsideResult, showResult } from "./check.ts";
import { layerFailure } from "./layer-failure.ts";
import { decidesSetup } from "./layer-inputs.ts";
import type { RunContext } from "./run-context.ts";

/** Whom and what the layers are for. */
export interface LayersFor {
  readonly store: Store;
  readonly settings: EffectiveSettings;
  readonly commit: string;
  /** Uid of who set the repository up: an image may be theirs. */
  readonly callerUid: number;
  readonly workspace: Promise<WorkspaceMount>;
  /** Nothing of the task is in its sandbox yet, be there one or not. */
  readonly isFirst: boolean;
  /** Called when it will take its time. */
  readonly onSlow?: () => Promise<void>;
  /** Told each step that was done now, with what a person wants to see of it. */
  readonly onDone?: (name: string, done: InsideResult) => Promise<void>;
}

/**
 * The spec with the layers that `image` and `setup` of the settings ask for; made first where they
 * are not there. Throws `SetupFailure`, which says which command failed and its last lines.
 */
export async function withLayers(
  context: RunContext,
  spec: SandboxSpec,
  wanted: LayersFor,
  options: SandboxOptions,
): Promise<SandboxSpec> {
  const { settings } = wanted;
  const { folder } = context.config;
  if (!wanted.isFirst && hasBegun(folder, spec.id)) return spec;
  const steps = await stepsOf(wanted);
  const image = await ownImage(context, wanted);
  if (steps.length === 0) return image === undefined ? spec : { ...spec, image };
  const { limits, egress, egressRules, egressLimits, binds, downloads } = spec;
  const sandbox = {
    ...{ limits, egress, binds },
    ...(downloads === undefined ? {} : { downloads }),
    ...(egressRules === undefined ? {} : { egressRules }),
    ...(egressLimits === undefined ? {} : { egressLimits }),
  };
  const { onSlow, onDone } = wanted;
  try {
    const layers = await ensureSandboxLayers(
      folder,
      {
        steps,
        ...(image === undefined ? {} : { image }),
        sandbox,
        workspace: () => wanted.workspace,
        maxBytes: settings.layerBytes,
        ...(onSlow === undefined ? {} : { onSlow }),
      },
      options,
    );
    for (const { step, result } of layers.done) {
      await onDone?.(step.name, await showResult(context, step, result));
    }
    return { ...spec, image: layers.imageKey, layers: layers.keys };
  } catch (error) {
    if (!(error instanceof LayerStepError)) throw error;
    throw await layerFailure(error, settings);
  }
}

/** Key of the image that the settings name by its path. */
async function ownImage(
  { admin, config }: RunContext,
  { settings, callerUid: ownerUid }: LayersFor,
): Promise<string | undefined> {
  const { path } = settings.image;
  if (path === undefined) return undefined;
  const rules = { folders: admin.images ?? [], ownerUid };
  return (await ensureOwnImage(config.folder, path, rules)).key;
}

async function stepsOf({
  store,
  settings,
  commit,
  workspace,
}: LayersFor): Promise<readonly LayerStep[]> {
  const { image, setup, env, setupTimeoutMs: timeoutMs } = settings;
  const steps: LayerStep[] = [];
  if (image.packages.length > 0) {
    // Shared by all repositories: nothing of this one's has a say in it.
    const command = aptCommand(image.packages);
    steps.push({ name: "packages", command, inputs: [], env: {}, timeoutMs, inWorkspace: false });
  }
  // Without an overlay there is no place below the workspace: see `runSetup`.
  if (setup === undefined || (await workspace).kind !== "overlay") return steps;
  const files = await store.fileIds(commit, (path) => decidesSetup(path, setup));
  const inputs = [`repository ${store.key}`, ...files];
  steps.push({ name: "setup", command: setup, inputs, env, timeoutMs, inWorkspace: true });
  return steps;
}

function aptCommand(packages: readonly string[]): string {
  const names = [...packages].sort().join(" ");
  return `apt-get -q update
DEBIAN_FRONTEND=noninteractive apt-get -q install -y --no-install-recommends ${names}`;
}

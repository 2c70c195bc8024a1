import { mkdir, statfs, utimes } from "node:fs/promises";
import { endSandbox, removeSandboxFiles } from "../ending.ts";
import { ensureImage } from "../image/image.ts";
import { sandboxPaths } from "../keeper-paths.ts";
import { launchSandbox } from "../open.ts";
import { openedSandbox } from "../opened-sandbox.ts";
import { markOwner } from "../opening.ts";
import type { OpenOptions } from "../prepare.ts";
import { removeTree } from "../removal.ts";
import type { ExecResult, SandboxSpec } from "../spec.ts";
import type { StateFolder } from "../state-folder.ts";
import { HeldLock } from "../workspace/lock.ts";
import type { WorkspaceMount } from "../workspace.ts";
import { LayerStepError } from "./errors.ts";
import { freezeLayer } from "./freeze.ts";
import { builderId, type Layer, layerPaths, readLayer } from "./layer.ts";
import { removeUnusedLayers } from "./unused.ts";
import { type LayerStep, type LayersWanted, layerKey } from "./wanted.ts";

const maxOutputBytes = 4 * 1024 * 1024;
/** Beside the time of the step itself: opening, ending, freezing. */
const marginMs = 600_000;
/** With less the host has no room for layers, whatever the step says. */
const leastFreeBytes = 256 * 1024 ** 2;

/** Layers to open a sandbox on, and what had to be done for it. */
export interface Layers {
  readonly imageKey: string;
  readonly keys: readonly string[];
  readonly done: readonly { readonly step: LayerStep; readonly result: ExecResult }[];
}

/**
 * Answers the layers that are wanted: those that are there in a moment, each other made once,
 * however many ask. Throws `LayerStepError` when a step does not end well; the layers below stay.
 */
export async function ensureLayers(
  folder: StateFolder,
  wanted: LayersWanted,
  options: OpenOptions,
): Promise<Layers> {
  await mkdir(folder.layers, { recursive: true, mode: 0o700 });
  const { onProgress } = options;
  const imageKey =
    wanted.image ??
    (
      await ensureImage(folder, {
        nodePath: process.execPath,
        ...(onProgress === undefined ? {} : { onProgress }),
      })
    ).key;
  const below: Layer[] = [];
  const done: { step: LayerStep; result: ExecResult }[] = [];
  for (const step of wanted.steps) {
    const key = layerKey(imageKey, below.at(-1)?.key, step);
    const found = readLayer(folder, key);
    if (found !== undefined) {
      await touch(folder, key);
      below.push(found);
      continue;
    }
    await wanted.onSlow?.(step);
    const place = { key, imageKey, below };
    await using _turn = await HeldLock.take(
      layerPaths(folder, key).lock,
      step.timeoutMs + marginMs,
    );
    // Somebody else may have made it while we waited.
    const meanwhile = readLayer(folder, key);
    if (meanwhile !== undefined) {
      below.push(meanwhile);
      continue;
    }
    const made = await makeLayer(folder, wanted, step, place, options);
    below.push(made.layer);
    done.push({ step, result: made.result });
  }
  if (done.length > 0) {
    await removeUnusedLayers(folder, wanted.maxBytes, new Set(below.map(({ key }) => key)));
  }
  return { imageKey, keys: below.map(({ key }) => key), done };
}

/** What is known of a layer before it is made. */
interface LayerPlace {
  readonly key: string;
  readonly imageKey: string;
  readonly below: readonly Layer[];
}

async function makeLayer(
  folder: StateFolder,
  wanted: LayersWanted,
  step: LayerStep,
  place: LayerPlace,
  options: OpenOptions,
): Promise<{ readonly layer: Layer; readonly result: ExecResult }> {
  const id = builderId(place.key);
  const { unfinished } = layerPaths(folder, place.key);
  // Of a maker that was killed: never gone on with.
  await endSandbox(folder, id);
  await removeSandboxFiles(folder, id, { isPatient: true });
  await removeTree(unfinished);
  try {
    await mkdir(unfinished, { mode: 0o700 });
    using _owner = markOwner(sandboxPaths(folder, id));
    const golden = step.inWorkspace ? await goldenOf(wanted, unfinished) : undefined;
    const spec: SandboxSpec = {
      ...wanted.sandbox,
      id,
      epoch: 0,
      hostname: "layer",
      forwards: [],
      ...(golden === undefined ? {} : { workspace: golden }),
      image: place.imageKey,
      layers: place.below.map(({ key }) => key),
    };
    const kept = await launchSandbox(folder, spec, options);
    const sandbox = openedSandbox(folder, id, kept);
    const { uidBase } = sandbox;
    let result: ExecResult;
    try {
      result = await sandbox.exec(["sh", "-ec", step.command], {
        cwd: step.inWorkspace ? "/workspace" : "/",
        env: step.env,
        timeoutMs: step.timeoutMs,
        maxOutputBytes,
      });
    } finally {
      await sandbox.close();
    }
    await refuseFailure(folder, step, result);
    const layer = await freezeLayer(folder, {
      ...place,
      downloads: wanted.sandbox.downloads,
      step: step.name,
      uidBase,
      rootUpper: sandboxPaths(folder, id).rootUpper,
      ...(golden === undefined ? {} : { golden }),
    });
    return { layer, result };
  } catch (error) {
    await removeSandboxFiles(folder, id);
    throw isNoSpace(error) ? hostFull(step, "") : error;
  } finally {
    await removeTree(unfinished);
  }
}

/** The files of the task's commit with an upper of our own, and nothing that jj knows of. */
async function goldenOf(
  wanted: LayersWanted,
  unfinished: string,
): Promise<WorkspaceMount & { readonly kind: "overlay" }> {
  const mount = await wanted.workspace();
  if (mount.kind !== "overlay") throw new Error("A layer needs a workspace that is an overlay.");
  const { jjFolder: _, ...files } = mount;
  return { ...files, upperParent: `${unfinished}/files` };
}

async function refuseFailure(
  folder: StateFolder,
  step: LayerStep,
  result: ExecResult,
): Promise<void> {
  if (result.exitCode === 0 && !result.timedOut && result.diskFull !== true) return;
  const reason = reasonOf(result);
  const { bavail, bsize } = await statfs(folder.layers);
  const isHostFull = reason === "failed" && bavail * bsize < leastFreeBytes;
  if (isHostFull) throw hostFull(step, result.output);
  const { name, command } = step;
  const { exitCode, output } = result;
  throw new LayerStepError({ step: name, command, exitCode, output, reason });
}

function reasonOf(result: ExecResult): LayerStepError["reason"] {
  if (result.timedOut) return "timed-out";
  if (result.diskFull === true) return "sandbox-full";
  return result.outOfMemory ? "out-of-memory" : "failed";
}

function hostFull({ name, command }: LayerStep, output: string): LayerStepError {
  return new LayerStepError({ step: name, command, exitCode: null, output, reason: "host-full" });
}

function isNoSpace(error: unknown): boolean {
  return error instanceof Error && "code" in error && error.code === "ENOSPC";
}

async function touch(folder: StateFolder, key: string): Promise<void> {
  const now = new Date();
  await utimes(layerPaths(folder, key).own, now, now);
}

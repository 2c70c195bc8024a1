import { chownSync, mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import {
  ensureSandboxLayers,
  type LayerStep,
  type Layers,
  type LayersWanted,
  type SandboxSpec,
} from "../../../sandbox/sandbox.ts";
import type { StateFolder } from "../../../sandbox/state-folder.ts";
import { readUnprivilegedUser } from "../../../sandbox/unprivileged-user.ts";
import type { WorkspaceMount } from "../../../sandbox/workspace.ts";
import { smallSpec } from "../sandbox-fixture.ts";

/** A commit's files as the store has them, and workspaces over it. */
export async function makeGolden(
  folder: StateFolder,
  files: Readonly<Record<string, string>>,
): Promise<(id: string) => WorkspaceMount> {
  const { uid, gid } = await readUnprivilegedUser();
  const lower = join(folder.home, `golden-${Object.keys(files).length}-${Date.now()}`);
  mkdirSync(lower);
  chownSync(lower, uid, gid);
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(lower, path)), { recursive: true });
    chownSync(dirname(join(lower, path)), uid, gid);
    writeFileSync(join(lower, path), text);
    chownSync(join(lower, path), uid, gid);
  }
  return (id) => ({
    kind: "overlay",
    lower,
    upperParent: join(folder.home, `files-${id}`),
    ownerUid: uid,
    ownerGid: gid,
  });
}

export function aStep(changes: Partial<LayerStep>): LayerStep {
  return {
    name: "setup",
    command: "true",
    inputs: [],
    env: {},
    timeoutMs: 60_000,
    inWorkspace: true,
    ...changes,
  };
}

/** Asks for layers as the task `id`; `changes` as its settings have them. */
export async function ask(
  folder: StateFolder,
  id: string,
  steps: readonly LayerStep[],
  workspace: WorkspaceMount,
  changes: Partial<LayersWanted> = {},
): Promise<Layers> {
  const { limits, egress, binds } = smallSpec(id);
  const wanted: LayersWanted = {
    steps,
    sandbox: { limits, egress, binds },
    workspace: async () => workspace,
    maxBytes: 1024 ** 3,
    ...changes,
  };
  return ensureSandboxLayers(folder, wanted, { withNetwork: false });
}

export function layeredSpec(id: string, layers: Layers, workspace: WorkspaceMount): SandboxSpec {
  return smallSpec(id, { layers: layers.keys, workspace });
}

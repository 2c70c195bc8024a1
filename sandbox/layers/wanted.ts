import { createHash } from "node:crypto";
import type { SandboxSpec } from "../spec.ts";
import type { WorkspaceMount } from "../workspace.ts";

/** One thing to do inside once, whose outcome is kept. */
export interface LayerStep {
  readonly name: string;
  /** For the shell; the first line that fails ends it. */
  readonly command: string;
  /** What else the outcome hangs on, such as the lock files' contents. */
  readonly inputs: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly timeoutMs: number;
  /** Runs in the workspace and may leave ignored files there. */
  readonly inWorkspace: boolean;
}

/** The layers that a sandbox is to stand on. */
export interface LayersWanted {
  /** A key of an image; absent: the host's own. */
  readonly image?: string;
  /** In their order: each stands on those before it. */
  readonly steps: readonly LayerStep[];
  /** The sandbox that a step is done in. */
  readonly sandbox: Pick<
    SandboxSpec,
    "limits" | "egress" | "egressRules" | "egressLimits" | "binds" | "downloads"
  >;
  /** Asked for only when a step has to be done. */
  readonly workspace: () => Promise<WorkspaceMount>;
  /** The longest unused go until all are within it. */
  readonly maxBytes: number;
  /** Called before a step is done, or waited for: it may take long. */
  readonly onSlow?: (step: LayerStep) => Promise<void>;
}

/** Pure: equal exactly where the outcome is the same. */
export function layerKey(
  imageKey: string,
  parent: string | undefined,
  step: Omit<LayerStep, "timeoutMs">,
): string {
  const { name, command, inputs, inWorkspace } = step;
  const env = Object.entries(step.env).sort(([a], [b]) => (a < b ? -1 : 1));
  const all = [imageKey, parent ?? "", name, command, inWorkspace, [...inputs].sort(), env];
  return createHash("sha256").update(JSON.stringify(all)).digest("hex").slice(0, 16);
}

import {
  adoptSandbox,
  type Sandbox,
  type SandboxOptions,
  type SandboxSpec,
} from "../../sandbox/sandbox.ts";
import { openStore, type Store } from "../../sandbox/workspace.ts";
import { parseAgentChoice } from "../agent/choice.ts";
import { configuredProfiles } from "../agent/configured.ts";
import { agentBinds } from "../agent/installed.ts";
import type { AgentProfile } from "../agent/profile.ts";
import { readEgressPart } from "../egress/sandbox-part.ts";
import { openRunSocket } from "../gateway/client.ts";
import { openTaskSandbox } from "../pool/take-spare.ts";
import type { Task } from "../protocol/task.ts";
import { type EffectiveSettings, effectiveSettings } from "../settings/effective-settings.ts";
import { parseRepositorySettings } from "../settings/repository-settings.ts";
import type { Colony } from "./colony.ts";
import { downloadsOf } from "./downloads.ts";
import { decideFreshSandbox } from "./fresh-sandbox.ts";
import { type LayersFor, withLayers } from "./layers.ts";
import type { Lease } from "./lease.ts";
import { withNewestLimits } from "./newest-limits.ts";
import { enter, toolEvent } from "./phase.ts";
import type { RunContext } from "./run-context.ts";

/** Where the model gateway is, inside every sandbox. */
export const gatewayPort = 4010;

/** The task's store on this host. */
export function openTaskStore(context: RunContext, lease: Lease): Promise<Store> {
  const { repository } = lease.task();
  return openStore({
    folder: context.config.folder,
    url: repository.url,
    caller: repository.caller,
  });
}

/**
 * Fetches, reads the settings of the base commit, and opens or adopts the sandbox. Each step finds
 * what an earlier driver did and goes on from there. What does not depend on each other goes on
 * side by side: nearly all of it is waiting for git and jj, and a person waits for the sum.
 */
export async function prepareColony(
  context: RunContext,
  lease: Lease,
  store: Store,
): Promise<Colony> {
  const base = await fixBase(lease, store);
  // A first sandbox is opened while jj makes its workspace, and gets it when both are there.
  const first = lease.task().sandbox === "none";
  const workspace = first ? store.openWorkspace(lease.taskId, base) : undefined;
  workspace?.catch(() => undefined);
  const newestSettings = async (): Promise<EffectiveSettings> =>
    withNewestLimits(context, lease, store, await readSettings(context, base, store), (commit) =>
      readSettings(context, commit, store),
    );
  const [settings, remarks, adopted] = await together([
    newestSettings(),
    lease.task().sandbox === "none" ? store.remarks(base) : Promise.resolve([]),
    adoptSandbox(context.config.folder, lease.taskId),
  ]);
  await tellRemarks(lease, [...remarks, ...settings.remarks]);
  const profile = await chooseAgent(context, lease, settings);
  if (adopted !== undefined && lease.task().sandbox === "live") {
    return { store, settings, profile, sandbox: adopted };
  }
  const sandbox = first || adopted === undefined ? await open() : adopted;
  if (workspace !== undefined) await sandbox.attachWorkspace(await workspace);
  await lease.transact((task) => decideFreshSandbox(task, sandbox.notEnforced));
  return { store, settings, profile, sandbox };

  async function open(): Promise<Sandbox> {
    const binds = profile.kind === "acp" ? await agentBinds(context.config.folder, profile) : [];
    const files = first
      ? ({ workspaceLater: true } as const)
      : { workspace: await store.openWorkspace(lease.taskId, base) };
    const plain = await specOf(context, lease.task(), files, settings, binds);
    const layers: LayersFor = {
      ...{ store, settings, commit: base, isFirst: first },
      callerUid: lease.task().repository.caller.uid,
      workspace: workspace ?? store.openWorkspace(lease.taskId, base),
      onSlow: () => enter(lease, "setup"),
      async onDone(name, done) {
        const events = [toolEvent(name, done)];
        await lease.transact((task) => ({ task, events }));
      },
    };
    const spec = await withLayers(context, plain, layers, sandboxOptions(context));
    const { url } = lease.task().repository;
    return openTaskSandbox(context, spec, url, sandboxOptions(context));
  }
}

/** All of them, or the first error once none is under way any more. */
async function together<T extends readonly Promise<unknown>[] | []>(
  acts: T,
): Promise<{ -readonly [K in keyof T]: Awaited<T[K]> }> {
  await Promise.allSettled(acts);
  return Promise.all(acts);
}

/** The base is chosen once: later runs of the task stay on it until the landing moves them. */
async function fixBase(lease: Lease, store: Store): Promise<string> {
  const known = lease.task();
  if (known.baseCommit !== undefined) return known.baseCommit;
  const { branch, commit } = await store.fetch(known.repository.base);
  await lease.transact((task) => ({
    task: { ...task, branch, baseCommit: commit },
    events: [{ type: "run.based", branch, commit }],
  }));
  return commit;
}

/** Once a task: what of the repository and its wishes does not hold here. */
async function tellRemarks(lease: Lease, remarks: readonly string[]): Promise<void> {
  if (remarks.length === 0 || lease.task().sandbox !== "none") return;
  await lease.transact((task) => ({
    task,
    events: remarks.map((sentence) => ({ type: "remark", sentence })),
  }));
}

/** Settings of the base commit, never of the agent's workspace, bounded by the administrator's. */
export async function readSettings(
  context: Pick<RunContext, "admin">,
  baseCommit: string | undefined,
  store: Store,
): Promise<EffectiveSettings> {
  const text =
    baseCommit === undefined ? undefined : await store.readFile(baseCommit, ".colony.yml");
  return effectiveSettings(parseRepositorySettings(text ?? ""), context.admin);
}

/** Word of the person first, then the repository, the administrator, and the keys at hand. */
async function chooseAgent(
  context: RunContext,
  lease: Lease,
  settings: EffectiveSettings,
): Promise<AgentProfile> {
  const { agent } = lease.task();
  const words = agent === defaultAgent ? (settings.agent ?? context.fallbackAgent) : agent;
  const profile = parseAgentChoice(words, configuredProfiles(context.admin.agents));
  if (words !== agent)
    await lease.transact((task) => ({ task: { ...task, agent: words }, events: [] }));
  return profile;
}

/** What a task's `agent` says when the person named none. */
export const defaultAgent = "default";

/** The sandbox of a task (or of the check of its landing) as data. */
export async function specOf(
  context: RunContext,
  task: Pick<Task, "epoch" | "repository" | "egress"> & { readonly id: string },
  files: Pick<SandboxSpec, "workspace" | "workspaceLater">,
  settings: EffectiveSettings,
  binds: SandboxSpec["binds"],
): Promise<SandboxSpec> {
  const { config } = context;
  const gateway = await openRunSocket(config.folder, task.id);
  return {
    id: task.id,
    epoch: task.epoch,
    hostname: task.id,
    ...files,
    downloads: downloadsOf(task),
    binds: [{ source: config.codeRoot, target: "/opt/colony" }, ...binds],
    limits: settings.limits,
    ...(await readEgressPart(context, task, settings)),
    forwards: [{ port: gatewayPort, socketPath: gateway }],
  };
}

/** What the administrator says of every sandbox. */
export function sandboxOptions({ admin }: Pick<RunContext, "admin">): SandboxOptions {
  return {
    allowedRanges: admin.egressAddresses ?? [],
    minimum: admin.minimum ?? [],
    ...(admin.runtime === undefined ? {} : { runtime: admin.runtime }),
  };
}

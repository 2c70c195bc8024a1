import type { Redis } from "ioredis";
import type { EgressPolicy, SandboxSpec } from "../../sandbox/sandbox.ts";
import { readAlways } from "../protocol/egress-always.ts";
import type { Task } from "../protocol/task.ts";
import type { AdminSettings } from "../settings/admin-settings.ts";
import type { EffectiveSettings } from "../settings/effective-settings.ts";
import { repositoryHostEntries } from "./repository-host.ts";
import { decideRules } from "./rules.ts";

/** What the administrator lets be reached at all. */
export function egressBound(admin: AdminSettings): EgressPolicy {
  return admin.egress ?? { kind: "open" };
}

/** The network's part of a sandbox: settings, the repository's own host, and people's decisions. */
export async function readEgressPart(
  context: { readonly redis: Redis; readonly admin: AdminSettings },
  task: Pick<Task, "repository" | "egress">,
  settings: Pick<EffectiveSettings, "egress" | "egressLimits">,
): Promise<Pick<SandboxSpec, "egress" | "egressRules" | "egressLimits">> {
  const always = await readAlways(context.redis, task.repository.url);
  return {
    egress: withOwnHost(settings.egress, task.repository.url),
    egressRules: decideRules(task.egress, always, egressBound(context.admin)),
    egressLimits: settings.egressLimits,
  };
}

/** Pure: `packages` has the host that the repository itself comes from. */
export function withOwnHost(policy: EgressPolicy, repositoryUrl: string): EgressPolicy {
  if (policy.kind !== "packages") return policy;
  const own = repositoryHostEntries(repositoryUrl).filter((one) => !policy.alsoNames.includes(one));
  return { kind: "packages", alsoNames: [...policy.alsoNames, ...own] };
}

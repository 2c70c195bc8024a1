import type { Redis } from "ioredis";
import { type EgressDecision, egressDecisionSchema } from "./egress.ts";
import { keys } from "./keys.ts";
import type { Task } from "./task.ts";

/*
 * "Always for this repository": written beside the task's own decision, and again whenever the
 * task's worker looks, so that a death between the two loses nothing.
 */

/** Takes what a task's people said for its repository into what holds for all of its tasks. */
export async function rememberAlways(redis: Redis, task: Task): Promise<void> {
  const key = keys.egressAlways(task.repository.url);
  for (const decision of task.egress?.decisions ?? []) {
    const { host, scope } = decision;
    if (scope !== "repository") continue;
    const known = await redis.hget(key, host);
    const before = known === null ? undefined : parse(known);
    if (before !== undefined && before.atMs >= decision.atMs) continue;
    await redis.hset(key, host, JSON.stringify(decision));
  }
}

/** What holds for every task on a repository. */
export async function readAlways(
  redis: Redis,
  repositoryUrl: string,
): Promise<readonly EgressDecision[]> {
  const all = await redis.hvals(keys.egressAlways(repositoryUrl));
  return all.map(parse);
}

function parse(json: string): EgressDecision {
  return egressDecisionSchema.parse(JSON.parse(json));
}

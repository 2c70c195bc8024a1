import type { EgressPolicy, EgressRule } from "../../sandbox/sandbox.ts";
import { type EgressDecision, noTaskEgress, type TaskEgress } from "../protocol/egress.ts";
import { isWithin } from "../settings/egress.ts";

/**
 * What holds in a task's sandbox: the repository's standing words, then the task's own, never more
 * than the administrator's bound. Pure.
 */
export function decideRules(
  egress: TaskEgress = noTaskEgress,
  always: readonly EgressDecision[],
  bound: EgressPolicy,
): readonly EgressRule[] {
  const own = new Set(egress.decisions.map(({ host }) => host));
  const decisions = [...always.filter(({ host }) => !own.has(host)), ...egress.decisions];
  return decisions.flatMap(({ host, ports, verdict, scope, untilMs, by }): EgressRule[] => {
    const until = untilMs === undefined ? {} : { untilMs };
    const rule = { host, verdict, scope, ...until, by: by.name };
    if (verdict === "block") return [{ ...rule, ports }];
    const allowed = ports.filter((port) => mayAllow(host, port, bound));
    const web = mayAllow(host, 443, bound);
    // Rules mean 80 and 443 too: a bound that has one other port alone cannot be put so.
    return web ? [{ ...rule, ports: allowed }] : [];
  });
}

/** Pure: whether a person may allow this host and port within the administrator's bound. */
export function mayAllow(host: string, port: number, bound: EgressPolicy): boolean {
  const entry = port === 80 || port === 443 ? host : `${host}:${port}`;
  return isWithin(entry, bound);
}

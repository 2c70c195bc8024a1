import type { EgressPolicy, EgressState } from "../../sandbox/sandbox.ts";
import {
  type EgressRefusal,
  type EgressSummary,
  noTaskEgress,
  type TaskEgress,
} from "../protocol/egress.ts";
import type { TaskEvent } from "../protocol/events.ts";
import type { Task } from "../protocol/task.ts";
import type { Transition } from "../protocol/transition.ts";
import { mayAllow } from "./rules.ts";

/** Hosts that get a line of their own in the thread; what wants more is looking around. */
export const maxToldHosts = 20;
const maxSummaryHosts = 50;

/**
 * What of a sandbox's network is news to its task: an event for each host that is refused for the
 * first time, and the newest counts. Undefined: nothing. Pure.
 */
export function decideEgressNews(
  task: Task,
  state: EgressState,
  bound: EgressPolicy,
): Transition | undefined {
  const known = task.egress ?? noTaskEgress;
  const before = new Map(known.refusals.map((one) => [one.host, one]));
  const told = [...state.refusals]
    .sort((left, right) => left.firstMs - right.firstMs)
    .filter(({ host }, index) => before.has(host) || index < maxToldHosts)
    .slice(0, maxToldHosts)
    .map((one) => refusalOf(one, bound));
  const hosts = new Set(told.map(({ host }) => host));
  const refusals = [...known.refusals.filter(({ host }) => !hosts.has(host)), ...told];
  const fresh = told.filter(({ host }) => !before.has(host));
  const events: TaskEvent[] = fresh.map((refusal) => ({ type: "egress.refused", refusal }));
  const isMany = state.refusals.length > maxToldHosts || state.moreRefusals > 0;
  if (isMany && fresh.length > 0 && refusals.length >= maxToldHosts) {
    events.push({
      type: "remark",
      sentence: `More than ${maxToldHosts} hosts were refused; \`net\` shows them.`,
    });
  }
  if (state.limit !== undefined && state.limit !== known.limit) {
    events.push({ type: "remark", sentence: limitSentence(state.limit) });
  }
  const limit = state.limit ?? known.limit;
  const egress: TaskEgress = {
    ...known,
    refusals,
    ...(limit === undefined ? {} : { limit }),
  };
  if (events.length === 0 && JSON.stringify(egress) === JSON.stringify(known)) return undefined;
  return { task: { ...task, egress }, events };
}

function limitSentence(limit: string): string {
  const sentence = `${limit.charAt(0).toUpperCase()}${limit.slice(1)}`;
  return `${sentence}. \`limits: {traffic: …, connections: …}\` in .colony.yml raises it, within the administrator's.`;
}

function refusalOf(one: EgressState["refusals"][number], bound: EgressPolicy): EgressRefusal {
  const within = one.ports.some((port) => mayAllow(one.host, port, bound));
  const outside = one.askable && !within;
  const { host, ports, count, command, firstMs, lastMs } = one;
  // In the schema's order: what was read back must compare as the same.
  return {
    host,
    ports: [...ports],
    count,
    ...(command === undefined ? {} : { command }),
    sentence: outside ? `${one.sentence}, and the administrator does not allow it` : one.sentence,
    askable: one.askable && within,
    firstMs,
    lastMs,
  };
}

/** The summary as people's views of it get it. Pure. */
export function summaryOf(state: EgressState): EgressSummary {
  const { hosts, moreHosts, bytesUp, bytesDown } = state;
  return {
    hosts: hosts.slice(0, maxSummaryHosts).map((one) => ({ ...one, ports: [...one.ports] })),
    moreHosts: moreHosts + Math.max(0, hosts.length - maxSummaryHosts),
    bytesUp,
    bytesDown,
  };
}

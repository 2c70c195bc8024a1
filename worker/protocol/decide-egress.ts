import {
  type EgressDecision,
  type EgressScope,
  noTaskEgress,
  onceMs,
  type TaskEgress,
} from "./egress.ts";
import { Refusal } from "./refusal.ts";
import { isEnded, type Person, type Task } from "./task.ts";
import type { Transition } from "./transition.ts";

/** What a person wants of a host. */
export interface EgressWish {
  readonly host: string;
  /** Named by the person; absent: those that were refused. */
  readonly ports?: readonly number[];
  readonly verdict: "allow" | "block";
  readonly scope: EgressScope;
  readonly by: Person;
  /** A button is for the open question alone; a typed word may also change what was decided. */
  readonly changes: boolean;
}

const webPorts: readonly number[] = [80, 443];
const maxDecisions = 200;

/** Allow or keep blocked; the first click counts. */
export function decideTaskEgress(task: Task, wish: EgressWish, nowMs: number): Transition {
  if (isEnded(task)) throw new Refusal("The task is over; its sandbox reaches nothing any more.");
  const egress = task.egress ?? noTaskEgress;
  const refusal = egress.refusals.find((one) => one.host === wish.host);
  const before = decisionOf(egress, wish.host, nowMs);
  if (before !== undefined && !wish.changes) throw new Refusal(decidedWords(before));
  if (refusal === undefined && !wish.changes) {
    throw new Refusal("The sandbox no longer asks for this host.");
  }
  if (wish.verdict === "allow" && refusal?.askable === false) {
    throw new Refusal(`Nobody here can allow it: ${refusal.sentence}.`);
  }
  const ports = (wish.ports ?? refusal?.ports ?? []).filter((port) => !webPorts.includes(port));
  const { host, verdict, scope, by } = wish;
  const until = scope === "once" ? { untilMs: nowMs + onceMs } : {};
  const decision: EgressDecision = { host, ports, verdict, scope, ...until, by, atMs: nowMs };
  const others = egress.decisions.filter((one) => one.host !== host);
  return {
    task: {
      ...task,
      egress: { ...egress, decisions: [...others, decision].slice(-maxDecisions) },
      activeAtMs: nowMs,
    },
    events: [{ type: "egress.decided", decision }],
  };
}

/** The word that holds for a host now. */
export function decisionOf(
  egress: TaskEgress,
  host: string,
  nowMs: number,
): EgressDecision | undefined {
  return egress.decisions.find((one) => one.host === host && (one.untilMs ?? nowMs) >= nowMs);
}

/** "It was allowed for this task already, by Ada." */
function decidedWords({ verdict, scope, by }: EgressDecision): string {
  const words = {
    once: "allowed once",
    task: "allowed for this task",
    repository: "allowed always for this repository",
  };
  const what = verdict === "block" ? "kept blocked" : words[scope];
  return `It was ${what} already, by ${by.name}.`;
}

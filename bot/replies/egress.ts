import { decisionOf } from "../../worker/protocol/decide-egress.ts";
import type { EgressDecision, EgressRefusal, EgressSummary } from "../../worker/protocol/egress.ts";
import type { Task } from "../../worker/protocol/task.ts";
import type { Block, Draft, DraftButton } from "../post.ts";
import { sentence } from "./sentence.ts";
import { code, counted, cut, plain, sizeOf, timeOf } from "./wording.ts";

const maxHosts = 12;
const maxRefusals = 8;

/** The one line about a host that was refused, however often, with who may say what to it. */
export function renderRefusal(task: Task, host: string, nowMs = Date.now()): Draft | undefined {
  const refusal = task.egress?.refusals.find((one) => one.host === host);
  if (task.egress === undefined || refusal === undefined) return undefined;
  const decision =
    decisionOf(task.egress, host, nowMs) ??
    task.egress.decisions.find((one) => one.host === host && !isAskedAgain(one, refusal));
  const what = refusalSentence(refusal);
  const blocks: Block<DraftButton>[] = [{ kind: "text", markdown: what }];
  if (decision !== undefined) {
    blocks.push({ kind: "text", markdown: decisionSentence(decision), tone: "quiet" });
  } else if (refusal.askable) {
    blocks.push({ kind: "buttons", buttons: choices(task.id, host) });
  } else {
    const why = `Nobody here can allow it: ${plain(cut(refusal.sentence, 300))}.`;
    blocks.push({ kind: "text", markdown: why, tone: "quiet" });
  }
  return { fallback: `Refused: ${cut(host, 100)} (${refusal.count}×)`, blocks };
}

/** What was allowed once is a question again when it is asked for after its time. */
function isAskedAgain(decision: EgressDecision, refusal: EgressRefusal): boolean {
  return refusal.lastMs > (decision.untilMs ?? Number.POSITIVE_INFINITY);
}

/** "**Network**: `a.example` port 443 was refused 3 times, last asked by `curl …`." */
function refusalSentence({ host, ports, count, command }: EgressRefusal): string {
  const where = `${code(cut(host, 120))} port ${ports.join(", ")}`;
  const times = count === 1 ? "once" : `${count} times`;
  const by =
    command === undefined
      ? ""
      : `, ${count === 1 ? "" : "last "}asked by ${code(cut(command, 120))}`;
  return `**Network**: ${where} was refused ${times}${by}.`;
}

function decisionSentence({ verdict, scope, untilMs, by, atMs }: EgressDecision): string {
  const words = {
    once: `Allowed once, until ${timeOf(untilMs ?? atMs)},`,
    task: "Allowed for this task",
    repository: "Allowed always for this repository",
  };
  const what = verdict === "block" ? "Kept blocked" : words[scope];
  return `${what} by ${plain(by.name)} at ${timeOf(atMs)}.`;
}

function choices(taskId: string, host: string): DraftButton[] {
  const of = (
    label: string,
    verdict: "allow" | "block",
    scope: EgressDecision["scope"],
    style: "primary" | "plain",
  ): DraftButton => ({ label, style, deed: { kind: "egress", taskId, host, verdict, scope } });
  return [
    of("Allow once", "allow", "once", "primary"),
    of("Allow for this task", "allow", "task", "plain"),
    of("Always for this repository", "allow", "repository", "plain"),
    of("Keep blocked", "block", "task", "plain"),
  ];
}

/** `net`: hosts by bytes, since when, and what was refused; it fits one message. */
export function renderNet(task: Task, summary: EgressSummary | undefined, nowMs: number): Draft {
  const reached = (summary?.hosts ?? []).filter((one) => one.connections > 0);
  const refusals = task.egress?.refusals ?? [];
  if (reached.length === 0 && refusals.length === 0) {
    return sentence("The sandbox has reached nothing yet.", "quiet");
  }
  const up = sizeOf(summary?.bytesUp ?? 0);
  const down = sizeOf(summary?.bytesDown ?? 0);
  const head = `**Network**: ${counted(reached.length, "host")}, ${up} up, ${down} down.`;
  const blocks: Block<DraftButton>[] = [{ kind: "text", markdown: head }];
  const lines = reached.slice(0, maxHosts).map(({ host, connections, firstMs, ...one }) => {
    const bytes = sizeOf(one.bytesUp + one.bytesDown);
    return `- ${code(cut(host, 80))} ${bytes}, ${counted(connections, "connection")}, first at ${timeOf(firstMs)}`;
  });
  const more = reached.length - lines.length + (summary?.moreHosts ?? 0);
  if (more > 0) lines.push(`- and ${counted(more, "more host")}`);
  if (lines.length > 0) blocks.push({ kind: "text", markdown: lines.join("\n") });
  if (refusals.length > 0) {
    blocks.push({ kind: "text", markdown: refusedLines(task, refusals, nowMs).join("\n") });
  }
  return { fallback: `Network: ${counted(reached.length, "host")}`, blocks };
}

function refusedLines(task: Task, refusals: readonly EgressRefusal[], nowMs: number): string[] {
  const newest = [...refusals].sort((left, right) => right.lastMs - left.lastMs);
  const lines = newest.slice(0, maxRefusals).map(({ host, ports, count }) => {
    const decision = task.egress === undefined ? undefined : decisionOf(task.egress, host, nowMs);
    const then = decision === undefined ? "" : `; ${decisionSentence(decision)}`;
    return `- ${code(cut(host, 80))} port ${ports.join(", ")}, ${count}×${then}`;
  });
  const more = refusals.length - lines.length;
  return ["Refused:", ...lines, ...(more > 0 ? [`- and ${counted(more, "more host")}`] : [])];
}

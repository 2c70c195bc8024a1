import type { LedgerEntry } from "../../../sandbox/sandbox.ts";
import { decisionOf } from "../../protocol/decide-egress.ts";
import type { EgressDecision, EgressSummary } from "../../protocol/egress.ts";
import type { Task } from "../../protocol/task.ts";
import { cleanLine } from "./clean-text.ts";
import { alignColumns } from "./columns.ts";
import { renderBytes, renderDuration } from "./durations.ts";

/** Hosts by bytes, then what was refused and what people said to it. Pure. */
export function renderHosts(
  task: Task,
  summary: EgressSummary | undefined,
  nowMs: number,
  columns: number,
): string[] {
  const reached = (summary?.hosts ?? []).filter((one) => one.connections > 0);
  const refusals = task.egress?.refusals ?? [];
  if (reached.length === 0 && refusals.length === 0) {
    return ["The sandbox has reached nothing yet."];
  }
  const ago = (ms: number) => `${renderDuration(nowMs - ms)} ago`;
  const hosts = reached.map((one) => [
    cleanLine(one.host, 60),
    one.ports.join(","),
    renderBytes(one.bytesUp),
    renderBytes(one.bytesDown),
    String(one.connections),
    ago(one.firstMs),
    ago(one.lastMs),
  ]);
  const head = ["HOST", "PORTS", "UP", "DOWN", "CONNECTIONS", "FIRST", "LAST"];
  const more = summary?.moreHosts ?? 0;
  return [
    ...(hosts.length === 0 ? [] : alignColumns([head, ...hosts], columns)),
    ...(more === 0 ? [] : [`and ${more} more`]),
    ...(hosts.length === 0 || refusals.length === 0 ? [] : [""]),
    ...refusedLines(task, nowMs, columns),
  ];
}

function refusedLines(task: Task, nowMs: number, columns: number): string[] {
  const { egress } = task;
  if (egress === undefined || egress.refusals.length === 0) return [];
  const rows = egress.refusals.map(({ host, ports, count, command, lastMs, ...one }) => {
    const decision = decisionOf(egress, host, nowMs);
    const open = one.askable
      ? `open: --allow ${cleanLine(host, 60)}`
      : cleanLine(one.sentence, 120);
    return [
      cleanLine(host, 60),
      ports.join(","),
      `${count}×`,
      `${renderDuration(nowMs - lastMs)} ago`,
      decision === undefined ? open : decisionWords(decision),
      cleanLine(command ?? "", 120),
    ];
  });
  const head = ["REFUSED", "PORTS", "TIMES", "LAST", "DECISION", "COMMAND"];
  return alignColumns([head, ...rows], columns);
}

function decisionWords({ verdict, scope, by }: EgressDecision): string {
  const words = { once: "allowed once", task: "allowed", repository: "always allowed" };
  return `${verdict === "block" ? "kept blocked" : words[scope]} by ${cleanLine(by.name, 40)}`;
}

/** The ledger's entries themselves. Pure. */
export function renderEntries(entries: readonly LedgerEntry[], columns: number): string[] {
  const rows = entries.map((one) => [
    one.ts.slice(11, 23),
    one.kind,
    `${cleanLine(one.host, 60)}:${one.port}`,
    `${cleanLine(one.method ?? "", 10)} ${one.status ?? ""}`.trim(),
    one.decision,
    cleanLine(one.rule ?? "", 40),
    one.bytesUp === undefined ? "" : renderBytes(one.bytesUp),
    one.bytesDown === undefined ? "" : renderBytes(one.bytesDown),
    one.ms === undefined ? "" : `${one.ms} ms`,
    cleanLine(one.command ?? "", 120),
  ]);
  const head = [
    "TIME",
    "KIND",
    "HOST",
    "HTTP",
    "DECISION",
    "RULE",
    "UP",
    "DOWN",
    "TOOK",
    "COMMAND",
  ];
  return alignColumns([head, ...rows], columns);
}

import type { Task } from "../../worker/protocol/task.ts";
import type { Activity, RunRecord } from "../activity.ts";
import type { Block, Draft, DraftButton } from "../post.ts";
import { renderResult } from "./result.ts";
import { markOf } from "./state.ts";
import { stepsOf } from "./steps.ts";
import { agentWords, changeSize, cleanLines, code, counted, cut, oneLine } from "./wording.ts";

/**
 * The one card of a run, edited in place: what it is at, then how it ended and what can be done with
 * its change, then who decided.
 */
export function renderCard(task: Task, record: RunRecord, activity: Activity): Draft {
  const live = record.run === task.run && record.end === undefined;
  return live ? liveCard(task, record) : renderResult(task, record, activity);
}

function liveCard(task: Task, record: RunRecord): Draft {
  const title = liveTitle(task);
  const working = task.state === "running" && task.startedAtMs !== undefined;
  const blocks: Block<DraftButton>[] = [
    {
      kind: "title",
      text: title,
      mark: markOf(task),
      clock: {
        baseMs: task.workedMs,
        ...(working ? { sinceMs: task.startedAtMs ?? 0 } : {}),
      },
      ...(record.run === 1 ? {} : { note: `run ${record.run}` }),
    },
    fieldsOf(task),
  ];
  const step = stepSentence(task);
  if (step !== undefined) blocks.push({ kind: "text", markdown: step, tone: "quiet" });
  if (record.plan.length > 0) blocks.push({ kind: "checklist", entries: record.plan });
  if (record.said !== undefined && task.state !== "queued") {
    blocks.push({ kind: "text", markdown: cut(cleanLines(record.said), 700) });
  }
  blocks.push(...stepsOf(record));
  blocks.push({ kind: "buttons", buttons: [stopButton(task)] });
  const foot = footOf(task, record);
  if (foot.length > 0) blocks.push({ kind: "footer", parts: foot });
  if (task.notEnforced.length > 0) {
    blocks.push({ kind: "footer", parts: task.notEnforced.map(oneLine) });
  }
  return { fallback: `Task ${task.id}: ${title}.`, blocks };
}

function fieldsOf(task: Task): Block<DraftButton> {
  const base = task.branch ?? task.repository.base;
  const at = task.baseCommit === undefined ? "" : `@${task.baseCommit.slice(0, 9)}`;
  const baseWords = [oneLine(base ?? ""), at].filter((part) => part !== "").join(" ");
  return {
    kind: "fields",
    fields: [
      { label: "Task", value: task.id, mono: true },
      { label: "Repository", value: oneLine(task.repository.name) },
      { label: "Base", value: baseWords === "" ? "being fetched" : baseWords, mono: true },
      { label: "Agent", value: agentWords(task.agent) },
      { label: "Host", value: task.host ?? "not chosen yet" },
    ],
  };
}

function liveTitle(task: Task): string {
  if (task.stopAsked !== undefined) return "Stopping";
  switch (task.state) {
    case "queued":
      return task.permissionAnswer === undefined ? "Waiting for a free worker" : "Going on";
    case "waiting":
      return "Waiting for your answer";
    case "running":
      return phaseTitle(task.phase);
    default:
      return "Working";
  }
}

function phaseTitle(phase: Task["phase"]): string {
  switch (phase) {
    case "prepare":
      return "Preparing the workspace";
    case "setup":
      return "Running the repository's set-up";
    case "check":
      return "Running the check";
    case "settle":
      return "Saving the change";
    default:
      return "Working";
  }
}

function stepSentence(task: Task): string | undefined {
  if (task.state === "waiting") return "The question is below.";
  if (task.state !== "running" || task.step === undefined) return undefined;
  return `Now: ${code(cut(oneLine(task.step), 110))}`;
}

function stopButton(task: Task): DraftButton {
  return { label: "Stop", style: "plain", deed: { kind: "stop", taskId: task.id } };
}

function footOf(task: Task, record: RunRecord): string[] {
  const parts: string[] = [];
  const change = task.change;
  if (change !== undefined && change.files.length > 0) {
    parts.push(changeSize(change));
  }
  if (record.tools > 0) parts.push(counted(record.tools, "tool call"));
  if (task.prompts.length > 0 && task.state === "running") {
    parts.push(`${counted(task.prompts.length, "reply", "replies")} waiting for the agent`);
  }
  return parts;
}

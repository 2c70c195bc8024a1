import type { Task } from "../../worker/protocol/task.ts";
import type { RunRecord } from "../activity.ts";
import type { Block, Draft, DraftButton, Mark } from "../post.ts";
import { agentWords, cleanLines, code, counted, cut, lengthOf, oneLine } from "./wording.ts";

const shownSteps = 3;
const excerptLines = 12;

/** The one sign of a task, on its request and its cards. */
export function markOf(task: Task): Mark {
  const marks: Record<Task["state"], Mark> = {
    queued: "queued",
    running: "working",
    waiting: "needs-you",
    review: "ready",
    landing: "merging",
    done: "merged",
    failed: "failed",
    stopped: "stopped",
    discarded: "discarded",
  };
  if (task.state === "review" && hasConflict(task)) return "needs-you";
  return marks[task.state];
}

export function hasConflict(task: Task): boolean {
  return task.conflicts.length > 0 || (task.change?.conflicts.length ?? 0) > 0;
}

/** The live card of a run: what it is at, edited in place; folded up when the run has ended. */
export function renderCard(task: Task, record: RunRecord): Draft {
  const live = record.run === task.run && record.end === undefined;
  return live ? liveCard(task, record) : endedCard(task, record);
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

function endedCard(task: Task, record: RunRecord): Draft {
  const words = { finished: "Run finished", failed: "Run failed", stopped: "Run stopped" };
  const title = record.end === undefined ? "Run was followed by another" : words[record.end.kind];
  const tookMs = (record.endedAtMs ?? record.startedAtMs) - record.startedAtMs;
  const baseMs = record.end?.kind === "finished" ? record.end.elapsedMs : tookMs;
  const blocks: Block<DraftButton>[] = [
    {
      kind: "title",
      text: title,
      clock: { baseMs },
      ...(record.run === 1 ? {} : { note: `run ${record.run}` }),
    },
    fieldsOf(task),
  ];
  if (record.plan.length > 0) blocks.push({ kind: "checklist", entries: record.plan });
  if (record.tools > 0) {
    blocks.push({ kind: "footer", parts: [counted(record.tools, "tool call")] });
  }
  return { fallback: `Task ${task.id}: ${title} after ${lengthOf(baseMs)}.`, blocks };
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

/** The last few tool calls; the last one that failed stays in sight. */
export function stepsOf(record: RunRecord): readonly Block<DraftButton>[] {
  const last = record.steps.slice(-shownSteps);
  const failure = record.lastFailure;
  const hidden = failure !== undefined && !last.includes(failure);
  const shown = hidden ? [failure, ...last.slice(-(shownSteps - 1))] : last;
  if (shown.length === 0) return [];
  const steps = shown.map((step) => ({
    ...step,
    title: cut(oneLine(step.title), 120),
    ...(step.excerpt === undefined ? {} : { excerpt: lastLines(step.excerpt, excerptLines) }),
  }));
  return [{ kind: "steps", earlier: record.tools - shown.length, steps }];
}

export function lastLines(text: string, count: number): string {
  const lines = cleanLines(text).trimEnd().split("\n");
  const kept = lines.slice(-count).map((line) => cut(line, 400));
  return lines.length > count ? ["…", ...kept].join("\n") : kept.join("\n");
}

function stopButton(task: Task): DraftButton {
  return { label: "Stop", style: "plain", deed: { kind: "stop", taskId: task.id } };
}

function footOf(task: Task, record: RunRecord): string[] {
  const parts: string[] = [];
  const change = task.change;
  if (change !== undefined && change.files.length > 0) {
    parts.push(`+${change.added} −${change.removed} in ${counted(change.files.length, "file")}`);
  }
  if (record.tools > 0) parts.push(counted(record.tools, "tool call"));
  if (task.prompts.length > 0 && task.state === "running") {
    parts.push(`${counted(task.prompts.length, "reply", "replies")} waiting for the agent`);
  }
  return parts;
}

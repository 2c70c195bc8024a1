import type { Task } from "../../worker/protocol/task.ts";
import type { Activity, RunRecord } from "../activity.ts";
import type { Block, Draft, DraftButton, Step } from "../post.ts";
import { hasConflict, lastLines, markOf } from "./card.ts";
import {
  agentWords,
  cleanLines,
  code,
  conflictSentence,
  counted,
  cut,
  lengthOf,
  oneLine,
  plain,
  timeOf,
} from "./wording.ts";

const shownFiles = 12;
const summaryLength = 6_000;

/** How a run ended, and what can be done with its change; says later who decided. */
export function renderResult(task: Task, noted: RunRecord, activity: Activity): Draft {
  const current = noted.run === task.run;
  // Files may be written after the run: Merge takes the newest, so these are what is shown.
  const record = current && task.change !== undefined ? { ...noted, change: task.change } : noted;
  const title = titleOf(task, record, current);
  const blocks: Block<DraftButton>[] = [
    {
      kind: "title",
      text: title,
      clock: { baseMs: tookMs(record) },
      ...(current ? { mark: markOf(task) } : {}),
      ...(record.run === 1 ? {} : { note: `run ${record.run}` }),
    },
    ...saidBlocks(task, record),
    ...changeBlocks(record),
    ...checkBlocks(record),
    ...(current ? standBlocks(task, activity) : []),
  ];
  if (!current) {
    blocks.push({ kind: "text", markdown: "A newer run follows below.", tone: "quiet" });
  }
  const buttons = current ? buttonsOf(task) : [];
  if (buttons.length > 0) blocks.push({ kind: "buttons", buttons });
  blocks.push({ kind: "footer", parts: footOf(task, record) });
  return { fallback: `Task ${task.id}: ${title}.`, blocks };
}

function titleOf(task: Task, record: RunRecord, current: boolean): string {
  if (current && task.state === "done") return "Merged";
  if (current && task.state === "discarded") return "Discarded";
  if (current && task.state === "landing") return "Merging";
  switch (record.end?.kind) {
    case "failed":
      return "Failed";
    case "stopped":
      return "Stopped";
    default:
      break;
  }
  if (current && hasConflict(task)) return "A conflict to settle";
  if ((record.change?.files.length ?? 0) === 0) return "Answered, no file changed";
  return current ? "Ready for review" : "Finished";
}

function tookMs(record: RunRecord): number {
  if (record.end?.kind === "finished") return record.end.elapsedMs;
  return (record.endedAtMs ?? record.startedAtMs) - record.startedAtMs;
}

function saidBlocks(task: Task, record: RunRecord): Block<DraftButton>[] {
  const { end } = record;
  if (end?.kind === "failed") {
    const blocks: Block<DraftButton>[] = [
      { kind: "text", markdown: cut(cleanLines(end.sentence), 3_000), tone: "bad" },
    ];
    const step = record.lastFailure ?? record.steps.at(-1);
    if (step?.excerpt !== undefined && step.excerpt !== "") blocks.push(excerptOf(step));
    return blocks;
  }
  if (end?.kind === "stopped") return [{ kind: "text", markdown: stoppedSummary(record, end.by) }];
  const summary = end?.kind === "finished" ? end.summary : (task.summary ?? "");
  if (summary.trim() === "") {
    const last = record.steps.at(-1);
    // What a program printed last is all that it says.
    if (last?.excerpt !== undefined && last.excerpt.trim() !== "") return [excerptOf(last)];
    return [{ kind: "text", markdown: "The agent said nothing about it.", tone: "quiet" }];
  }
  return [{ kind: "text", markdown: cut(cleanLines(summary), summaryLength) }];
}

function excerptOf(step: Step): Block<DraftButton> {
  return {
    kind: "excerpt",
    title: cut(oneLine(step.title), 120),
    text: lastLines(step.excerpt ?? "", 12),
    tone: step.status === "failed" ? "bad" : "plain",
    ...(step.artifact === undefined ? {} : { artifact: step.artifact }),
  };
}

/** Facts only: what the plan and the log say was done, begun and left. */
function stoppedSummary(record: RunRecord, by: { readonly name: string }): string {
  const named = (status: string) =>
    record.plan.filter((entry) => entry.status === status).map((entry) => plain(entry.title));
  const line = (label: string, titles: string[]) =>
    titles.length === 0 ? [] : [`- ${label}: ${titles.join("; ")}`];
  const lines = [
    ...line("Done", named("completed")),
    ...line("Begun", named("in_progress")),
    ...line("Left", named("pending")),
  ];
  const head = `Stopped by ${plain(by.name)} after ${counted(record.tools, "tool call")}. The files are saved as they are.`;
  return [head, ...(lines.length === 0 ? [] : ["", ...lines])].join("\n");
}

function changeBlocks(record: RunRecord): Block<DraftButton>[] {
  const change = record.change;
  if (change === undefined || change.files.length === 0) return [];
  const blocks: Block<DraftButton>[] = [
    {
      kind: "changes",
      files: change.files
        .slice(0, shownFiles)
        .map((file) => ({ ...file, path: oneLine(file.path) })),
      more: Math.max(0, change.files.length - shownFiles),
      added: change.added,
      removed: change.removed,
    },
  ];
  if (change.remarks.length > 0) {
    const markdown = change.remarks.map((remark) => `- ${plain(remark)}`).join("\n");
    blocks.push({ kind: "text", markdown, tone: "warn" });
  }
  return blocks;
}

/** The check is always shown: one line when it passed, its last lines when it did not. */
function checkBlocks(record: RunRecord): Block<DraftButton>[] {
  if (record.check === undefined) return [];
  const { result, artifact } = record.check;
  const passed = result.exitCode === 0;
  const how = passed
    ? "passed"
    : result.exitCode === null
      ? "was ended by its time limit"
      : `failed with exit code ${result.exitCode}`;
  return [
    {
      kind: "excerpt",
      title: `check: ${cut(oneLine(result.command), 100)} ${how} in ${lengthOf(result.elapsedMs)}`,
      text: passed ? "" : lastLines(result.excerpt, 20),
      tone: passed ? "good" : "bad",
      ...(artifact === undefined ? {} : { artifact }),
    },
  ];
}

function standBlocks(task: Task, activity: Activity): Block<DraftButton>[] {
  const decision = task.decision;
  if (decision !== undefined) {
    const at = timeOf(activity.decidedAtMs ?? decision.atMs);
    const by = `${plain(decision.by.name)}, ${at}`;
    return [{ kind: "text", markdown: decisionSentence(task, by), tone: "quiet" }];
  }
  const lines = [
    ...task.conflicts.map(conflictSentence),
    ...(task.change?.conflicts ?? [])
      .filter((one) => !task.conflicts.some((other) => other.path === one.path))
      .map((one) =>
        conflictSentence({
          path: one.path,
          lines: one.lines ?? "",
          withTitle: undefined,
          withTask: undefined,
        }),
      ),
  ];
  if (lines.length === 0) return [];
  const advice = "Reply here how to settle it, and the agent does: for example `keep both`.";
  return [{ kind: "text", markdown: [...lines, advice].join("\n\n"), tone: "warn" }];
}

function decisionSentence(task: Task, by: string): string {
  if (task.state === "landing") return `Merge asked by ${by}. It is being put on ${base(task)}.`;
  if (task.state === "done") {
    const commit = task.landed === undefined ? "" : ` as ${code(task.landed.commit.slice(0, 12))}`;
    return `Merged by ${by}: on ${base(task)}${commit}.`;
  }
  return `Discarded by ${by}. Nothing was merged.`;
}

function base(task: Task): string {
  return code(task.branch ?? task.repository.base ?? "the base");
}

function buttonsOf(task: Task): DraftButton[] {
  if (!["review", "failed", "stopped"].includes(task.state)) return [];
  const { id: taskId, change } = task;
  const buttons: DraftButton[] = [];
  const hasFiles = change !== undefined && change.files.length > 0;
  if (hasFiles && task.state !== "failed" && !hasConflict(task)) {
    buttons.push({
      label: "Merge",
      style: "primary",
      deed: { kind: "merge", taskId, tree: change.tree },
    });
  }
  if (hasFiles) {
    buttons.push({
      label: "Show diff",
      style: "plain",
      deed: { kind: "diff", taskId, tree: change.tree },
    });
  }
  buttons.push({
    label: "Retry",
    style: task.state === "failed" ? "primary" : "plain",
    deed: { kind: "retry", taskId },
  });
  if (task.state === "failed") {
    buttons.push({ label: "Logs", style: "plain", deed: { kind: "logs", taskId } });
  }
  buttons.push({
    label: "Discard",
    style: "danger",
    confirm: hasFiles ? "Throw the change and its files away?" : "Close this task?",
    deed: { kind: "discard", taskId },
  });
  return buttons;
}

function footOf(task: Task, record: RunRecord): string[] {
  const change = record.change;
  return [
    ...(change === undefined || change.files.length === 0
      ? []
      : [`+${change.added} −${change.removed} in ${counted(change.files.length, "file")}`]),
    agentWords(task.agent),
    ...(task.host === undefined ? [] : [task.host]),
    `task ${task.id}`,
  ];
}

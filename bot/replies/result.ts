import type { Task } from "../../worker/protocol/task.ts";
import type { Activity, RunRecord } from "../activity.ts";
import type { Block, Draft, DraftButton } from "../post.ts";
import { picturesOf } from "./preview.ts";
import { buttonsOf, standBlocks } from "./stand.ts";
import { hasConflict, markOf } from "./state.ts";
import { excerptOf, failureOf, lastLines } from "./steps.ts";
import {
  agentWords,
  changeSize,
  cleanLines,
  counted,
  cut,
  lengthOf,
  oneLine,
  plain,
} from "./wording.ts";

const shownFiles = 12;
const summaryLength = 6_000;

/** What a run's card becomes: how it ended, what can be done with its change, later who decided. */
export function renderResult(task: Task, noted: RunRecord, activity: Activity): Draft {
  const current = noted.run === task.run;
  // Files may be written after the run: Merge takes the newest, so these are what is shown.
  const record = current && task.change !== undefined ? { ...noted, change: task.change } : noted;
  const title = titleOf(task, record, current);
  const took = tookMs(record);
  const blocks: Block<DraftButton>[] = [
    {
      kind: "title",
      text: title,
      clock: { baseMs: took },
      ...(current ? { mark: markOf(task) } : {}),
      ...(record.run === 1 ? {} : { note: `run ${record.run}` }),
    },
    ...saidBlocks(task, record),
    ...planBlocks(record),
    ...changeBlocks(record),
    ...checkBlocks(record),
    ...picturesOf(shotsOf(record, activity)),
    ...(current ? standBlocks(task, activity) : []),
  ];
  if (!current) {
    blocks.push({ kind: "text", markdown: "A newer run follows below.", tone: "quiet" });
  }
  const buttons = current ? buttonsOf(task) : [];
  if (buttons.length > 0) blocks.push({ kind: "buttons", buttons });
  blocks.push({ kind: "footer", parts: footOf(task, record) });
  return { fallback: `Task ${task.id}: ${title} after ${lengthOf(took)}.`, blocks };
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
    case undefined:
      return "Followed by another run";
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

function saidBlocks(task: Task, record: RunRecord): readonly Block<DraftButton>[] {
  const { end } = record;
  if (end?.kind === "failed") {
    const step = record.lastFailure ?? record.steps.at(-1);
    return [
      { kind: "text", markdown: cut(cleanLines(end.sentence), 3_000), tone: "bad" },
      ...(step?.excerpt === undefined || step.excerpt === "" ? [] : [excerptOf(step)]),
    ];
  }
  if (end?.kind === "stopped") {
    return [{ kind: "text", markdown: stoppedSummary(record, end.by) }, ...failureOf(record)];
  }
  const summary = end?.kind === "finished" ? end.summary : (record.said ?? task.summary ?? "");
  if (summary.trim() !== "") {
    return [
      { kind: "text", markdown: cut(cleanLines(summary), summaryLength) },
      ...failureOf(record),
    ];
  }
  const last = record.steps.at(-1);
  // What a program printed last is all that it says.
  if (last?.excerpt !== undefined && last.excerpt.trim() !== "") {
    return [excerptOf(last), ...(last === record.lastFailure ? [] : failureOf(record))];
  }
  const silence = "The agent said nothing about it.";
  return [{ kind: "text", markdown: silence, tone: "quiet" }, ...failureOf(record)];
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

/** A plan that came to its end says nothing more than the result does. */
function planBlocks(record: RunRecord): Block<DraftButton>[] {
  const isDone = record.plan.every((entry) => entry.status === "completed");
  if (isDone || record.end?.kind === "stopped") return [];
  return [{ kind: "checklist", entries: record.plan }];
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

/** The run's own pictures, or those of an earlier one that left the very same files. */
function shotsOf(record: RunRecord, activity: Activity): RunRecord["shots"] {
  const sameFiles = activity.runs.filter(
    (one) => one.run <= record.run && one.change?.tree === record.change?.tree,
  );
  return record.shots ?? sameFiles.findLast((one) => one.shots !== undefined)?.shots;
}

function footOf(task: Task, record: RunRecord): string[] {
  const { change, tools } = record;
  const branch = task.branch ?? task.repository.base;
  const at = task.baseCommit === undefined ? "" : ` @${task.baseCommit.slice(0, 9)}`;
  return [
    ...(change === undefined || change.files.length === 0 ? [] : [changeSize(change)]),
    ...(tools === 0 ? [] : [counted(tools, "tool call")]),
    oneLine(task.repository.name),
    ...(branch === undefined ? [] : [`${oneLine(branch)}${at}`]),
    agentWords(task.agent),
    ...(task.host === undefined ? [] : [task.host]),
    `task ${task.id}`,
  ];
}

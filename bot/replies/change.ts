import type { ArtifactRef } from "../../worker/protocol/change.ts";
import type { Task } from "../../worker/protocol/task.ts";
import type { Block, Draft, DraftButton } from "../post.ts";
import { sentence } from "./sentence.ts";
import { cleanLines, counted, cut, oneLine } from "./wording.ts";

const shownFiles = 100;
const shownLogLines = 40;

/** The diff of the newest snapshot. */
export function renderDiff(task: Task): Draft {
  const { change } = task;
  if (change === undefined || change.files.length === 0) {
    return sentence("There is no change: no file differs from the base.", "quiet");
  }
  if (change.diff === undefined) return renderFiles(task);
  const size = `+${change.added} −${change.removed} in ${counted(change.files.length, "file")}`;
  return {
    fallback: `Change of task ${task.id}: ${size}.`,
    blocks: [
      { kind: "text", markdown: `**${size}**` },
      { kind: "diff", artifact: change.diff },
    ],
  };
}

/** The changed files of the newest snapshot. */
export function renderFiles(task: Task): Draft {
  const { change } = task;
  if (change === undefined || change.files.length === 0) {
    return sentence("There is no change: no file differs from the base.", "quiet");
  }
  const files = change.files.slice(0, shownFiles);
  const { added, removed } = change;
  return {
    fallback: `${counted(change.files.length, "changed file")}, +${added} −${removed}.`,
    blocks: [
      {
        kind: "changes",
        files: files.map((file) => ({ ...file, path: oneLine(file.path) })),
        more: change.files.length - files.length,
        added,
        removed,
      },
    ],
  };
}

/** The last lines of a log as a terminal would show them, and the whole as a file. */
export function renderLog(log: {
  readonly name: string;
  readonly lines: readonly string[];
  readonly artifact: ArtifactRef;
  readonly label: string;
}): Draft {
  const lines = log.lines.slice(0, log.lines.findLastIndex((line) => line !== "") + 1);
  const last = lines.slice(-shownLogLines).map((line) => cut(cleanLines(line), 400));
  const blocks: Block<DraftButton>[] = [
    {
      kind: "excerpt",
      title: `${log.name}, last ${counted(last.length, "line")}`,
      text: last.join("\n"),
    },
    { kind: "file", label: log.label, artifact: log.artifact },
  ];
  return { fallback: `Log ${log.name}.`, blocks };
}

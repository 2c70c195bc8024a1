import type { TaskEvent } from "../../worker/protocol/events.ts";
import type { Person, Task } from "../../worker/protocol/task.ts";
import type { RunRecord } from "../activity.ts";
import type { Draft, Tone } from "../post.ts";
import { hasConflict } from "./state.ts";
import { changeSize, cleanLines, code, counted, cut, lengthOf, plain, sizeOf } from "./wording.ts";

/*
 * The short lines of a thread. An edited card notifies nobody: a line says in one sentence that
 * there is news and calls whom it concerns; the card has the details.
 */

type Event<T extends TaskEvent["type"]> = Extract<TaskEvent, { type: T }>;

/** A run is over. */
export function renderRunEnded(task: Task, record: RunRecord): Draft {
  // Nobody is called to a card that the next run has made old already.
  const isNews = record.run === task.run;
  const who = isNews ? task.requester : undefined;
  switch (record.end?.kind) {
    case "failed":
      return line(`Failed: ${firstOf(record.end.sentence, 160)}`, who, "bad");
    case "stopped": {
      const { by } = record.end;
      const called = isNews ? unlessOwn(task, by) : undefined;
      return line(`Stopped by ${plain(by.name)}; the files are kept.`, called);
    }
    default:
      return line(finishedSentence(task, record), who);
  }
}

function finishedSentence(task: Task, record: RunRecord): string {
  const { change, check } = record;
  if (change === undefined || change.files.length === 0) return "Answered; no file is changed.";
  if (record.run === task.run && hasConflict(task))
    return "The change still holds a conflict to settle.";
  const failed = check !== undefined && check.result.exitCode !== 0;
  return `Ready for review: ${changeSize(change)}${failed ? "; the check fails" : ""}.`;
}

/** Not merged, in one sentence. */
export function renderNotMerged(task: Task, event: Event<"merge.refused">): Draft {
  return line(`Not merged: ${refusalSentence(event)}`, task.requester, "warn");
}

function refusalSentence({ sentence, conflicts }: Event<"merge.refused">): string {
  const [first] = conflicts;
  if (first === undefined) return firstOf(sentence, 300);
  const paths = new Set(conflicts.map((one) => one.path));
  if (paths.size > 1) return `${counted(paths.size, "file")} conflict with what landed meanwhile.`;
  const whose =
    first.withTitle === undefined
      ? "what landed meanwhile"
      : `“${plain(cut(first.withTitle, 60))}”`;
  return `${code(first.path)} conflicts with ${whose}.`;
}

export function renderMerged(task: Task, event: Event<"task.landed">): Draft {
  const commit = code(event.commit.slice(0, 12));
  return line(`Merged into ${code(event.branch)} as ${commit}.`, unlessOwn(task, event.by), "good");
}

export function renderDiscarded(task: Task, event: Event<"task.discarded">): Draft {
  const by = plain(event.by.name);
  return line(`Discarded by ${by}; nothing was merged.`, unlessOwn(task, event.by));
}

/** What is left of a sandbox, as the kernel and the disk say. */
export function renderSandboxEnded(event: Event<"sandbox.ended">): Draft {
  const why: Record<Event<"sandbox.ended">["reason"], string> = {
    landed: "Sandbox ended.",
    discarded: "Sandbox ended.",
    idle: "The sandbox went to sleep after a quiet while; the files are saved. Reply to wake it.",
    lost: "The sandbox was lost. What was saved is kept: Retry goes on from the last snapshot.",
  };
  const parts = [why[event.reason]];
  if (event.receipt !== undefined) {
    const { processes, mounts, cgroups, bytesReturned, elapsedMs } = event.receipt;
    parts.push(
      `Left over: ${processes} processes, ${mounts} mounts, ${cgroups} cgroups; ${sizeOf(bytesReturned)} of disk returned in ${lengthOf(elapsedMs)}.`,
    );
  }
  return line(parts.join(" "), undefined, event.reason === "lost" ? "warn" : "quiet");
}

/** A remark of the worker. */
export function renderRemark(sentence: string): Draft {
  return line(cleanLines(sentence), undefined, "quiet");
}

/** The reason; the card has the output that follows it. */
function firstOf(sentence: string, length: number): string {
  return cut(cleanLines(sentence).trim().split("\n")[0] ?? "", length);
}

/** Who did it themselves need not be called. */
function unlessOwn(task: Task, by: Person): Person | undefined {
  return by.id === task.requester.id ? undefined : task.requester;
}

function line(markdown: string, who?: Person, tone: Tone = "plain"): Draft {
  return {
    fallback: markdown.replace(/\\([\\`*_[\]<>~#|])/g, "$1"),
    blocks: [{ kind: "text", markdown, tone }],
    ...(who === undefined ? {} : { mention: { id: who.id, name: who.name } }),
  };
}

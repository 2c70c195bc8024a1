import type { TaskEvent } from "../../worker/protocol/events.ts";
import type { Task } from "../../worker/protocol/task.ts";
import type { Draft } from "../post.ts";
import { cleanLines, code, conflictSentence, lengthOf, plain, sizeOf, timeOf } from "./wording.ts";

type Event<T extends TaskEvent["type"]> = Extract<TaskEvent, { type: T }>;

/** Not merged: why, and what to do about it. */
export function renderMergeRefused(event: Event<"merge.refused">): Draft {
  const why = [cleanLines(event.sentence), ...event.conflicts.map(conflictSentence)];
  const lines = why.filter((line) => line !== "");
  const fallback = `Not merged: ${lines.join(" ")}`;
  if (event.conflicts.length > 0) {
    lines.push("Nothing is blocked: reply here how to settle it, for example `keep both`.");
  }
  return {
    fallback,
    blocks: [
      { kind: "title", text: "Not merged", mark: "needs-you" },
      { kind: "text", markdown: lines.join("\n\n"), tone: "plain" },
    ],
  };
}

/** Who merged what, where, and when. */
export function renderLanded(task: Task, event: Event<"task.landed">, atMs: number): Draft {
  const commit = event.commit.slice(0, 12);
  const author = plain(task.requester.name);
  const sentence = `Merged into ${code(event.branch)} as ${code(commit)}: decided by ${plain(event.by.name)}, ${timeOf(atMs)}; author ${author}.`;
  return { fallback: sentence, blocks: [{ kind: "text", markdown: sentence, tone: "good" }] };
}

export function renderDiscarded(event: Event<"task.discarded">, atMs: number): Draft {
  const sentence = `Discarded by ${plain(event.by.name)}, ${timeOf(atMs)}. Nothing was merged.`;
  return { fallback: sentence, blocks: [{ kind: "text", markdown: sentence }] };
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
  const sentence = parts.join(" ");
  const tone = event.reason === "lost" ? ("warn" as const) : ("quiet" as const);
  return { fallback: sentence, blocks: [{ kind: "text", markdown: sentence, tone }] };
}

/** A remark of the worker. */
export function renderRemark(sentence: string): Draft {
  const markdown = cleanLines(sentence);
  return { fallback: markdown, blocks: [{ kind: "text", markdown, tone: "quiet" }] };
}

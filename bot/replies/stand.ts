import type { Task } from "../../worker/protocol/task.ts";
import type { Activity } from "../activity.ts";
import type { Block, DraftButton } from "../post.ts";
import { hasConflict } from "./state.ts";
import { lastLines } from "./steps.ts";
import { cleanLines, code, conflictSentence, plain, timeOf } from "./wording.ts";

/** How the change stands: who decided, or what is in the way. */
export function standBlocks(task: Task, activity: Activity): Block<DraftButton>[] {
  const decision = task.decision;
  if (decision !== undefined) {
    const at = timeOf(activity.decidedAtMs ?? decision.atMs);
    const by = `${plain(decision.by.name)}, ${at}`;
    return [{ kind: "text", markdown: decisionSentence(task, by), tone: "quiet" }];
  }
  if (hasConflict(task)) return [conflictBlock(task)];
  return task.state === "review" ? refusalBlocks(activity.refusal ?? "") : [];
}

function decisionSentence(task: Task, by: string): string {
  if (task.state === "landing") return `Merge asked by ${by}. It is being put on ${base(task)}.`;
  if (task.state === "done") {
    const commit = task.landed === undefined ? "" : ` as ${code(task.landed.commit.slice(0, 12))}`;
    return `Merged by ${by}: on ${base(task)}${commit}; author ${plain(task.requester.name)}.`;
  }
  return `Discarded by ${by}. Nothing was merged.`;
}

function base(task: Task): string {
  return code(task.branch ?? task.repository.base ?? "the base");
}

/** Which file and lines, with whose change, and what to do about it. */
function conflictBlock(task: Task): Block<DraftButton> {
  const others = (task.change?.conflicts ?? []).filter(
    (one) => !task.conflicts.some((other) => other.path === one.path),
  );
  const lines = [
    ...task.conflicts.map(conflictSentence),
    ...others.map(({ path, lines = "" }) => conflictSentence({ path, lines })),
  ];
  const advice =
    "Nothing is blocked: reply here how to settle it, and the agent does; for example `keep both`.";
  return { kind: "text", markdown: [...lines, advice].join("\n\n"), tone: "warn" };
}

/** Why the last Merge came to nothing: its first line is the reason, what follows is output. */
function refusalBlocks(refusal: string): Block<DraftButton>[] {
  const [reason = "", ...output] = cleanLines(refusal).trim().split("\n");
  if (reason === "") return [];
  const text = lastLines(output.join("\n"), 20);
  return [
    { kind: "text", markdown: `Not merged: ${reason}`, tone: "warn" },
    ...(text.trim() === ""
      ? []
      : [{ kind: "excerpt", title: "its last lines", text, tone: "bad" } as const]),
  ];
}

/** What can be done with the change now. */
export function buttonsOf(task: Task): DraftButton[] {
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

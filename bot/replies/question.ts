import type { PermissionKind } from "../../worker/protocol/permission.ts";
import type { Task } from "../../worker/protocol/task.ts";
import type { Question } from "../activity.ts";
import type { Block, Draft, DraftButton } from "../post.ts";
import { cleanLines, cut, oneLine, plain, timeOf } from "./wording.ts";

const order: readonly PermissionKind[] = [
  "allow_once",
  "allow_always",
  "reject_once",
  "reject_always",
];
const labels: Record<PermissionKind, string> = {
  allow_once: "Allow once",
  allow_always: "Allow for this task",
  reject_once: "Reject",
  reject_always: "Reject for this task",
};

/** The agent asks; afterwards who answered what, and when. */
export function renderQuestion(task: Task, question: Question): Draft {
  const { request } = question;
  const title = cut(oneLine(request.title), 200);
  const open = question.decided === undefined && question.expired === undefined;
  const blocks: Block<DraftButton>[] = [
    {
      kind: "title",
      text: "The agent asks",
      ...(open ? { mark: "needs-you" as const } : {}),
    },
    { kind: "text", markdown: plain(title) },
  ];
  if (request.detail !== undefined && oneLine(request.detail) !== title) {
    blocks.push({ kind: "excerpt", title: "it would run", text: cleanLines(request.detail) });
  }
  if (question.decided !== undefined) {
    const { option, by, atMs } = question.decided;
    const markdown = `**${plain(option)}**, said ${plain(by.name)} at ${timeOf(atMs)}.`;
    blocks.push({ kind: "text", markdown, tone: "quiet" });
  } else if (question.expired) {
    const markdown = "The agent no longer asks this.";
    blocks.push({ kind: "text", markdown, tone: "quiet" });
  } else {
    blocks.push({ kind: "buttons", buttons: optionButtons(task.id, question) });
  }
  const { id, name } = task.requester;
  return { fallback: `The agent asks: ${title}`, blocks, mention: { id, name } };
}

/** In the fixed order of their kinds, whatever order the agent gave. */
function optionButtons(taskId: string, { request }: Question): DraftButton[] {
  const sorted = [...request.options].sort((a, b) => order.indexOf(a.kind) - order.indexOf(b.kind));
  return sorted.map((option) => ({
    label: cut(oneLine(option.name) || labels[option.kind], 60),
    style: option.kind === "allow_once" ? ("primary" as const) : ("plain" as const),
    deed: {
      kind: "permission" as const,
      taskId,
      requestId: request.requestId,
      optionId: option.id,
    },
  }));
}

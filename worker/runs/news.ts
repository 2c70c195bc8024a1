import type { AgentNews, AgentTool } from "../agent/agent.ts";
import type { ArtifactRef } from "../protocol/change.ts";
import type { TaskEvent } from "../protocol/events.ts";
import type { PlanEntry, Task } from "../protocol/task.ts";
import type { Transition } from "../protocol/transition.ts";

const maxSaidLength = 40_000;
const maxExcerptLines = 40;

/**
 * What news of the agent means for its task. The adapter's state goes into the same transition, so
 * that a driver that takes over continues after exactly this. Undefined: not worth a write (text
 * that is still growing). `whole`: where a long output was kept.
 */
export function decideNews(
  task: Task,
  news: AgentNews,
  whole?: ArtifactRef,
): Transition | undefined {
  const { happening } = news;
  const next: Task = { ...task, agentSaved: news.saved };
  switch (happening.kind) {
    case "started":
      return { task: next, events: [{ type: "agent.started", name: happening.name }] };
    case "said": {
      if (!happening.final || happening.text.trim() === "") return undefined;
      const text = cut(happening.text);
      return { task: { ...next, summary: text }, events: [{ type: "agent.said", text }] };
    }
    case "plan": {
      const entries = happening.entries.map(
        (entry): PlanEntry => ({ title: entry.content, status: entry.status }),
      );
      return { task: { ...next, plan: entries }, events: [{ type: "agent.plan", entries }] };
    }
    case "tool":
      return decideTool(next, happening.tool, whole);
    case "permission":
      return { task: next, events: [] };
    case "permission-closed":
      return closePermission(next, happening.requestId);
    case "turn-ended": {
      const { promptInFlight: _, step: _s, ...rest } = next;
      return { task: rest, events: [] };
    }
    case "exited":
      return { task: next, events: [] };
    case "trouble":
      return {
        task: next,
        events: happening.fatal ? [] : [{ type: "remark", sentence: happening.sentence }],
      };
  }
}

/** The output of a call that has ended, where the excerpt is not all of it: to be kept as a file. */
export function longOutput({ happening }: AgentNews): string | undefined {
  if (happening.kind !== "tool" || !hasEnded(happening.tool)) return undefined;
  const { output } = happening.tool;
  return output !== undefined && output.split("\n").length > maxExcerptLines ? output : undefined;
}

function hasEnded({ status }: AgentTool): boolean {
  return status === "completed" || status === "failed";
}

function decideTool(task: Task, tool: AgentTool, whole?: ArtifactRef): Transition | undefined {
  const ended = hasEnded(tool);
  const step = tool.command ?? tool.title;
  // A call that is only announced changes the card's line; its event is written when it has ended.
  if (!ended) return task.step === step ? undefined : { task: { ...task, step }, events: [] };
  const event: TaskEvent = {
    type: "agent.tool",
    id: tool.id,
    title: tool.title,
    kind: tool.kind,
    status: tool.status === "failed" ? "failed" : "done",
    ...(tool.command === undefined ? {} : { command: tool.command }),
    ...(tool.output === undefined ? {} : { excerpt: lastLines(tool.output) }),
    ...(tool.exitCode === undefined ? {} : { exitCode: tool.exitCode }),
    ...(tool.path === undefined ? {} : { path: tool.path }),
    ...(whole === undefined ? {} : { artifact: whole }),
  };
  return { task: { ...task, step }, events: [event] };
}

function closePermission(task: Task, requestId: string): Transition {
  if (task.permission?.requestId !== requestId) return { task, events: [] };
  const { permission: _, ...rest } = task;
  return { task: rest, events: [{ type: "permission.expired", requestId }] };
}

function cut(text: string): string {
  return text.length <= maxSaidLength ? text : `${text.slice(0, maxSaidLength)}\n…`;
}

function lastLines(text: string): string {
  return text.split("\n").slice(-maxExcerptLines).join("\n");
}

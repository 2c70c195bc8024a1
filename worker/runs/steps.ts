import type { AgentPermission } from "../agent/agent.ts";
import type { PermissionRequest } from "../protocol/permission.ts";
import type { Prompt, Task } from "../protocol/task.ts";
import type { Transition } from "../protocol/transition.ts";

/** What the driver does next in a conversation with the agent. */
export type Step =
  | { readonly kind: "stop" }
  | { readonly kind: "answer"; readonly requestId: string; readonly optionId: string }
  | { readonly kind: "ask"; readonly permission: AgentPermission }
  | { readonly kind: "interrupt" }
  | { readonly kind: "listen" }
  | { readonly kind: "prompt" }
  | { readonly kind: "finish" };

/** What the agent's adapter knows. */
export interface AgentStand {
  readonly openPermissions: readonly AgentPermission[];
  /** An interruption was already passed on. */
  readonly cancelling: boolean;
}

/**
 * A stop comes before all; then what was answered, then an interruption, which also withdraws an
 * open question; then the question itself; then the next prompt; and when none is left, the end.
 */
export function decideStep(task: Task, agent: AgentStand): Step {
  if (task.stopAsked !== undefined) return { kind: "stop" };
  if (task.permissionAnswer !== undefined) return { kind: "answer", ...task.permissionAnswer };
  const busy = task.promptInFlight !== undefined;
  const interrupts = task.prompts.some((prompt) => prompt.interrupt);
  if (busy && interrupts && !agent.cancelling) return { kind: "interrupt" };
  const [question] = agent.openPermissions;
  if (question !== undefined && !agent.cancelling) return { kind: "ask", permission: question };
  if (busy) return { kind: "listen" };
  return task.prompts.length > 0 ? { kind: "prompt" } : { kind: "finish" };
}

/** The prompt to send now is written down first: whoever drives then sends it under the same key. */
export function decidePrompt(task: Task, toText: (prompt: Prompt) => string): Transition {
  const next = task.prompts.find((prompt) => prompt.interrupt) ?? task.prompts[0];
  if (next === undefined) return { task, events: [] };
  const text = toText(next);
  return {
    task: {
      ...task,
      phase: "agent",
      prompts: task.prompts.filter((prompt) => prompt !== next),
      promptsSent: task.promptsSent + 1,
      promptInFlight: { key: `p${task.promptsSent + 1}`, text },
    },
    events: [{ type: "prompt.sent", text: next.text }],
  };
}

/** The agent waits for a person: no driver stays with it. */
export function decideAsk(task: Task, permission: AgentPermission, nowMs: number): Transition {
  const request: PermissionRequest = {
    requestId: permission.requestId,
    title: permission.title,
    options: permission.options.map(({ id, name, kind }) => ({ id, name, kind })),
    ...(permission.tool?.command === undefined ? {} : { detail: permission.tool.command }),
  };
  const known = task.permission?.requestId === request.requestId;
  return {
    task: { ...workedUntil(task, nowMs), state: "waiting", permission: request },
    events: known ? [] : [{ type: "permission.asked", request }],
  };
}

/** Adds the spell that ends now to the time worked. */
export function workedUntil(task: Task, nowMs: number): Task {
  const { runStartedAtMs, ...rest } = task;
  if (runStartedAtMs === undefined) return task;
  return { ...rest, workedMs: task.workedMs + (nowMs - runStartedAtMs) };
}

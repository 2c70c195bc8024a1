import { agentSavedSchema, withoutProcess } from "../agent/saved.ts";
import type { Prompt, Task } from "../protocol/task.ts";
import type { Transition } from "../protocol/transition.ts";

/**
 * A sandbox that nothing has run in yet, be it the task's first or one after a loss: the set-up is
 * to be done, the agent starts a process of its own, and what the earlier one had not finished is
 * asked again.
 */
export function decideFreshSandbox(task: Task, notEnforced: readonly string[]): Transition {
  const saved = agentSavedSchema.safeParse(task.agentSaved);
  const next: Task = {
    ...askedAgain(task),
    sandbox: "live",
    setupDone: false,
    notEnforced: [...notEnforced],
    ...(saved.success ? { agentSaved: withoutProcess(saved.data) } : {}),
  };
  return { task: next, events: [] };
}

/** A prompt whose agent is gone (a reboot, a lost keeper) is asked again under a new key. */
function askedAgain(task: Task): Task {
  const { promptInFlight, permission: _p, permissionAnswer: _a, ...rest } = task;
  if (promptInFlight === undefined) return task;
  const again: Prompt = { text: promptInFlight.text, by: task.requester, interrupt: false };
  return { ...rest, prompts: [again, ...task.prompts] };
}

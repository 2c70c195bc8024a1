import type { PermissionKind } from "./permission.ts";
import { Refusal } from "./refusal.ts";
import type { Person, Prompt, Task } from "./task.ts";
import type { Transition } from "./transition.ts";

/*
 * What people may do to a task, as pure decisions. Each answers a transition, or throws a Refusal
 * whose message is what the person reads.
 */

/** A reply: the agent's next prompt, or the next run on the same workspace when it is done. */
export function decideReply(task: Task, prompt: Prompt, nowMs: number): Transition {
  refuseEnded(task, "It takes no more replies; start a new one with `/colony run …`.");
  if (task.state === "landing")
    throw new Refusal("The change is being merged; reply when that is done.");
  const next: Task = { ...task, prompts: [...task.prompts, prompt], activeAtMs: nowMs };
  const received = { type: "prompt.received", ...prompt } as const;
  if (task.state === "queued" || task.state === "running")
    return { task: next, events: [received] };
  if (task.state === "waiting" && !prompt.interrupt) return { task: next, events: [received] };
  return {
    task: requeued(next, nowMs),
    events: [received, { type: "task.queued", reason: "reply" }],
    jobs: [{ kind: "run" }],
  };
}

/** Stop: a running driver obeys at once; a task that waits is stopped by a driver of its own. */
export function decideStop(task: Task, by: Person, nowMs: number): Transition {
  if (task.state === "landing")
    throw new Refusal("The change is being merged; it can be undone, not stopped.");
  if (task.stopAsked !== undefined) throw new Refusal("It is being stopped already.");
  if (task.state !== "queued" && task.state !== "running" && task.state !== "waiting") {
    throw new Refusal(`Nothing runs: the task is ${stateWord(task)}.`);
  }
  const next: Task = { ...task, stopAsked: by, activeAtMs: nowMs };
  const asked = { type: "stop.asked", by } as const;
  if (task.state === "running") return { task: next, events: [asked] };
  if (task.state === "queued" && task.host === undefined) {
    const { stopAsked: _, ...rest } = next;
    return {
      task: { ...rest, state: "stopped", prompts: [], endedAtMs: nowMs },
      events: [asked, { type: "run.stopped", by }],
    };
  }
  return { task: { ...next, state: "queued" }, events: [asked], jobs: [{ kind: "run" }] };
}

/** An option of the pending question; the first answer counts. */
export function decidePermission(
  task: Task,
  answer: { readonly requestId: string; readonly optionId: string; readonly by: Person },
  nowMs: number,
): Transition {
  const request = task.permission;
  if (request?.requestId !== answer.requestId || task.permissionAnswer !== undefined) {
    throw new Refusal("This question has been answered already, or the agent no longer asks it.");
  }
  const option = request.options.find((candidate) => candidate.id === answer.optionId);
  if (option === undefined) throw new Refusal("The question has no such answer.");
  const { permission: _, ...rest } = task;
  const { requestId, optionId } = answer;
  return {
    task: {
      ...rest,
      state: "queued",
      permissionAnswer: { requestId, optionId },
      activeAtMs: nowMs,
    },
    events: [
      { type: "permission.decided", requestId, option: option.name, by: answer.by },
      { type: "task.queued", reason: "answer" },
    ],
    jobs: [{ kind: "run" }],
  };
}

/** Merge: bound to the change and the tree that the person was shown. */
export function decideMerge(
  task: Task,
  wish: { readonly by: Person; readonly tree: string | undefined },
  nowMs: number,
): Transition {
  if (task.decision !== undefined) throw new Refusal(decidedSentence(task));
  if (task.state !== "review" && !(task.state === "stopped" && task.change !== undefined)) {
    throw new Refusal(`There is nothing to merge: the task is ${stateWord(task)}.`);
  }
  const change = task.change;
  if (change === undefined || change.files.length === 0) {
    throw new Refusal("There is nothing to merge: the agent changed no file.");
  }
  if (change.conflicts.length > 0) {
    throw new Refusal("The change still holds a conflict; reply to have the agent settle it.");
  }
  if (wish.tree !== undefined && wish.tree !== change.tree) {
    throw new Refusal(
      "The files have changed since this was shown; look at the newest card and press Merge there.",
    );
  }
  return {
    task: {
      ...task,
      state: "landing",
      decision: { kind: "merge", by: wish.by, tree: change.tree, atMs: nowMs },
      conflicts: [],
      activeAtMs: nowMs,
    },
    events: [{ type: "merge.asked", by: wish.by, tree: change.tree }],
    jobs: [{ kind: "land" }],
  };
}

/** Discard: the files go with the sandbox. */
export function decideDiscard(task: Task, by: Person, nowMs: number): Transition {
  if (task.decision !== undefined) throw new Refusal(decidedSentence(task));
  if (task.state === "running" || task.state === "queued") {
    throw new Refusal("The agent is at work; stop it first.");
  }
  return {
    task: {
      ...task,
      state: "discarded",
      decision: { kind: "discard", by, tree: task.change?.tree ?? "", atMs: nowMs },
      endedAtMs: nowMs,
    },
    events: [{ type: "task.discarded", by }],
    jobs: task.host === undefined ? [] : [{ kind: "close" }],
  };
}

/** Retry: the same request again, on the files as they were last saved. */
export function decideRetry(task: Task, by: Person, nowMs: number): Transition {
  refuseEnded(task, "Start a new one with `/colony run …`.");
  if (task.state !== "failed" && task.state !== "stopped" && task.state !== "review") {
    throw new Refusal(`It cannot be retried now: the task is ${stateWord(task)}.`);
  }
  const prompt: Prompt = { text: task.request, by, interrupt: false };
  return {
    task: requeued({ ...task, prompts: [prompt, ...task.prompts] }, nowMs),
    events: [{ type: "task.queued", reason: "retry" }],
    jobs: [{ kind: "run" }],
  };
}

/** Ends the sandbox between runs; a reply or Retry makes a new one on the same files. */
export function decideCloseSandbox(task: Task): Transition {
  if (task.state === "running" || task.state === "queued" || task.state === "landing") {
    throw new Refusal(`The sandbox is in use: the task is ${stateWord(task)}.`);
  }
  return { task, events: [], jobs: task.sandbox === "live" ? [{ kind: "close" }] : [] };
}

/** The order in which options are shown, whatever order the agent gave. */
export const permissionOrder: readonly PermissionKind[] = [
  "allow_once",
  "allow_always",
  "reject_once",
  "reject_always",
];

/** "merged by Ada", for cards and refusals. */
export function decidedSentence(task: Task): string {
  const decision = task.decision;
  if (decision === undefined) return "Nobody has decided yet.";
  const verb =
    decision.kind === "merge"
      ? task.state === "landing"
        ? "is being merged"
        : "was merged"
      : "was discarded";
  return `It ${verb} already, by ${decision.by.name}.`;
}

/** A state as a person says it. */
export function stateWord(task: Task): string {
  const words: Record<Task["state"], string> = {
    queued: "waiting for a free worker",
    running: "at work",
    waiting: "waiting for your answer",
    review: "ready for review",
    landing: "being merged",
    done: "merged",
    failed: "failed",
    stopped: "stopped",
    discarded: "discarded",
  };
  return words[task.state];
}

/** The same with what a list of tasks also says. */
export function standWord(task: Task): string {
  return task.asleep === true && task.sandbox === "live"
    ? `${stateWord(task)} (asleep)`
    : stateWord(task);
}

function requeued(task: Task, nowMs: number): Task {
  const {
    failure: _f,
    permission: _p,
    permissionAnswer: _a,
    stopAsked: _s,
    endedAtMs: _e,
    ...rest
  } = task;
  return {
    ...rest,
    state: "queued",
    run: task.run + 1,
    phase: "prepare",
    conflicts: task.conflicts,
    activeAtMs: nowMs,
  };
}

function refuseEnded(task: Task, advice: string): void {
  if (task.decision !== undefined && task.state !== "landing")
    throw new Refusal(`${decidedSentence(task)} ${advice}`);
  if (task.state === "done" || task.state === "discarded")
    throw new Refusal(`The task is ${stateWord(task)}. ${advice}`);
}

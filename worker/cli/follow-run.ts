import type { LoggedEvent } from "../protocol/events.ts";
import { Refusal } from "../protocol/refusal.ts";
import type { Person, Task } from "../protocol/task.ts";
import { askPermission, renderQuestion } from "./ask-permission.ts";
import { exitCodes } from "./exit-codes.ts";
import { followTask, isRunOver } from "./follow-task.ts";
import { openInterrupts } from "./interrupts.ts";
import type { Session } from "./session.ts";
import { renderDuration } from "./show/durations.ts";
import type { Voice } from "./show/voice.ts";
import { openTeller } from "./teller.ts";

/** A run that this command started, or started again. */
export interface FollowRunOptions {
  readonly session: Session;
  readonly voice: Voice;
  readonly taskId: string;
  readonly afterId: string;
  readonly by: Person;
  /** Questions can be asked here. */
  readonly isInteractive: boolean;
}

/**
 * Follows a run to its end and then ends its sandbox, which belongs to the command; the change
 * stays. Ctrl-C stops the run in order. Answers the exit code.
 */
export async function followRun(options: FollowRunOptions): Promise<number> {
  const { session, voice, taskId, by } = options;
  const { client } = session;
  using interrupts = openInterrupts(() =>
    voice.note("Stopping the run … (Ctrl-C again leaves at once)"),
  );
  interrupts.signal.addEventListener("abort", () => void stopRun(options));
  let question: { requestId: string; answered: AbortController } | undefined;
  const startedMs = Date.now();
  let files = "";
  const clock = setInterval(() => {
    const isAsking = question !== undefined && !question.answered.signal.aborted;
    if (!isAsking) voice.passing(`… ${renderDuration(Date.now() - startedMs)}${files}`);
  }, 1_000);
  let lastId = options.afterId;
  const tell = openTeller(voice, taskId);
  const onEvent = (logged: LoggedEvent) => {
    lastId = logged.id;
    tell(logged);
    const { event } = logged;
    if (event.type === "files.changed") files = `, +${event.added} −${event.removed}`;
    const { type } = event;
    if (type.startsWith("permission.") && type !== "permission.asked") question?.answered.abort();
  };
  const onQuiet = (task: Task) => {
    const { permission } = task;
    if (task.state !== "waiting" || permission === undefined) return;
    if (question?.requestId === permission.requestId) return;
    question = { requestId: permission.requestId, answered: new AbortController() };
    if (!options.isInteractive) {
      for (const line of renderQuestion(task, permission, false)) voice.note(line);
      return;
    }
    const signal = AbortSignal.any([question.answered.signal, interrupts.signal]);
    void askPermission(client, task, { voice, by, signal }).catch((error: unknown) =>
      voice.note(`The question could not be asked here: ${String(error)}`),
    );
  };
  try {
    const task = await followTask(session, {
      taskId,
      afterId: options.afterId,
      onEvent,
      isThere: isRunOver,
      onQuiet,
    });
    clearInterval(clock);
    voice.passing("");
    const exitCode = interrupts.signal.aborted
      ? exitCodes.interrupted
      : task?.state === "review" || task?.state === "done"
        ? exitCodes.ok
        : exitCodes.refused;
    await endSandbox(options, lastId);
    if (task !== undefined) tellResult(voice, task, exitCode);
    return exitCode;
  } finally {
    clearInterval(clock);
    question?.answered.abort();
  }
}

async function stopRun({ session, taskId, by, voice }: FollowRunOptions): Promise<void> {
  try {
    await session.client.stop(taskId, by);
  } catch (error) {
    if (!(error instanceof Refusal)) voice.note(`It could not be stopped: ${String(error)}`);
  }
}

const closeTimeoutMs = 60_000;

/** Ends the sandbox and waits for its receipt. */
async function endSandbox(options: FollowRunOptions, afterId: string): Promise<void> {
  const { session, voice, taskId } = options;
  try {
    const task = await session.client.closeSandbox(taskId);
    if (task.sandbox !== "live") return;
  } catch (error) {
    // Somebody has already replied to it, or merges it: then it is theirs.
    if (error instanceof Refusal) return;
    throw error;
  }
  const ended = await followTask(session, {
    taskId,
    afterId,
    onEvent: openTeller(voice, taskId),
    isThere: (task) => task.sandbox !== "live",
    signal: AbortSignal.timeout(closeTimeoutMs),
  });
  if (ended === undefined) {
    voice.note("The sandbox takes long to end; `colony sweep` removes what is left of it.");
  }
}

/** The last lines: how it ended and what can be done next. */
export function tellResult(voice: Voice, task: Task, exitCode: number): void {
  const { id: taskId, state, change, check, failure, landed } = task;
  voice.object({
    taskId,
    type: "result",
    state,
    exitCode,
    ...(change === undefined ? {} : { change }),
    ...(check === undefined ? {} : { check }),
    ...(failure === undefined ? {} : { failure }),
    ...(landed === undefined ? {} : { landed }),
  });
  if (voice.json) return;
  const hints: Partial<Record<Task["state"], string>> = {
    review: change?.files.length
      ? `Next: colony diff ${taskId} · colony merge ${taskId} · colony reply ${taskId} "…" · colony discard ${taskId}`
      : `Next: colony reply ${taskId} "…" · colony discard ${taskId}`,
    failed: `Next: colony retry ${taskId} · colony logs ${taskId} · colony discard ${taskId}`,
    stopped: `Next: colony reply ${taskId} "…" · colony retry ${taskId} · colony discard ${taskId}`,
  };
  const hint = hints[state];
  if (hint !== undefined) voice.note(hint);
}

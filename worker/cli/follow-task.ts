import type { LoggedEvent } from "../protocol/events.ts";
import { isSettled, type Task } from "../protocol/task.ts";
import { CliError, exitCodes } from "./exit-codes.ts";
import type { Session } from "./session.ts";

/** How a task's log is followed. */
export interface FollowOptions {
  readonly taskId: string;
  /** Events after this one; "0" tells all. */
  readonly afterId: string;
  readonly onEvent: (event: LoggedEvent) => void;
  /** Whether the task, all of its events told, is where we wait for it to come. */
  readonly isThere: (task: Task) => boolean;
  /** Called whenever all events are told and the task is not there yet. */
  readonly onQuiet?: (task: Task) => void;
  readonly signal?: AbortSignal;
}

/** Tells a task's events until it is there; undefined when `signal` ended it before. */
export async function followTask(
  session: Session,
  options: FollowOptions,
): Promise<Task | undefined> {
  const ending = new AbortController();
  const end = () => ending.abort();
  options.signal?.addEventListener("abort", end, { once: true });
  if (options.signal?.aborted === true) end();
  try {
    return await readUntilThere(session, options, ending.signal);
  } finally {
    // The connection that follows is ended by it.
    end();
    options.signal?.removeEventListener("abort", end);
  }
}

async function readUntilThere(
  session: Session,
  options: FollowOptions,
  signal: AbortSignal,
): Promise<Task | undefined> {
  const { taskId } = options;
  let lastId = options.afterId;
  const look = async (): Promise<Task | undefined> => {
    const task = await session.client.task(taskId);
    if (task === undefined) throw new CliError(exitCodes.refused, `There is no task ${taskId}.`);
    // The state is written with its events: what is not told yet may be why it is there.
    for (const event of await session.client.events(taskId, lastId)) {
      lastId = event.id;
      options.onEvent(event);
    }
    const newest = await session.client.task(taskId);
    if (newest?.rev !== task.rev) return look();
    if (options.isThere(task)) return task;
    options.onQuiet?.(task);
    return undefined;
  };
  const there = await look();
  if (there !== undefined) return there;
  for await (const event of session.client.follow(taskId, lastId, signal)) {
    if (signal.aborted) return undefined;
    // Told already, while the connection was being made.
    if (isAfter(event.id, lastId)) {
      lastId = event.id;
      options.onEvent(event);
    }
    const now = await look();
    if (now !== undefined) return now;
  }
  return undefined;
}

/** Order of stream ids: `milliseconds-sequence`. */
function isAfter(id: string, last: string): boolean {
  const [ms = 0, seq = 0] = id.split("-").map(Number);
  const [lastMs = 0, lastSeq = 0] = last.split("-").map(Number);
  return ms > lastMs || (ms === lastMs && seq > lastSeq);
}

/** The end of a run as the one who started it sees it; a question to a person is none. */
export function isRunOver(task: Task): boolean {
  return isSettled(task) && task.state !== "waiting";
}

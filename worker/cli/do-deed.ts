import type { Client } from "../protocol/client.ts";
import type { Person, Task } from "../protocol/task.ts";
import { exitCodes } from "./exit-codes.ts";
import { followRun, tellResult } from "./follow-run.ts";
import { followTask } from "./follow-task.ts";
import { openInterrupts } from "./interrupts.ts";
import {
  type Invocation,
  lastEventId,
  parseTaskId,
  readIdentity,
  withSession,
} from "./invocation.ts";
import type { Session } from "./session.ts";
import { openTeller } from "./teller.ts";

interface DeedOptions {
  readonly now?: boolean;
  readonly detach?: boolean;
  readonly tree?: string;
}

/** What was typed after the word. */
export interface Said {
  readonly task: string;
  readonly text: string;
  readonly options: DeedOptions;
}

/** How long a deed is followed that starts no run. */
interface Following {
  readonly isThere: (task: Task) => boolean;
  /** Absent: until it is there, or Ctrl-C. */
  readonly timeoutMs?: number;
  /** Said when it is not waited for any longer. */
  readonly late: string;
  /** Undefined: it was not waited for any longer. */
  readonly exitCodeOf: (task: Task | undefined) => number;
  readonly tellsResult?: true;
}

/** One word that does something to a task. */
export interface Deed {
  readonly word: string;
  readonly description: string;
  readonly takesText?: true;
  readonly options?: readonly (readonly [flags: string, about: string])[];
  /** Answers what comes of it: a run, a state to wait for, or nothing that one waits for. */
  act(call: {
    readonly client: Client;
    readonly taskId: string;
    readonly person: Person;
    readonly text: string;
    readonly options: DeedOptions;
  }): Promise<"run" | "followed" | "told">;
  readonly follow?: Following;
  /** Where nothing is waited for: the object's type, and the sentence. */
  readonly told?: { readonly type: string; readonly sentence: string };
}

/** Does it and waits for what comes of it; answers the exit code. */
export async function doDeed(invocation: Invocation, deed: Deed, said: Said): Promise<number> {
  const taskId = parseTaskId(said.task);
  const { person } = await readIdentity(invocation);
  const { voice, cli } = invocation;
  return withSession(invocation, true, async (session) => {
    const afterId = await lastEventId(session, taskId);
    const { text, options } = said;
    const outcome = await deed.act({ client: session.client, taskId, person, text, options });
    if (outcome === "followed" && deed.follow !== undefined) {
      return followDeed(session, invocation, { taskId, afterId, follow: deed.follow });
    }
    if (outcome === "run" && options.detach !== true) {
      const isInteractive = cli.isInteractive && !voice.json;
      return followRun({ session, voice, taskId, afterId, by: person, isInteractive });
    }
    voice.object({ taskId, type: deed.told?.type });
    const sentence = outcome === "run" ? "The next run starts." : deed.told?.sentence;
    if (!voice.json && sentence !== undefined) voice.say(sentence);
    return exitCodes.ok;
  });
}

async function followDeed(
  session: Session,
  { voice }: Invocation,
  deed: { readonly taskId: string; readonly afterId: string; readonly follow: Following },
): Promise<number> {
  const { taskId, afterId, follow } = deed;
  using interrupts = openInterrupts();
  const { timeoutMs } = follow;
  const timeout = timeoutMs === undefined ? [] : [AbortSignal.timeout(timeoutMs)];
  const task = await followTask(session, {
    taskId,
    afterId,
    onEvent: openTeller(voice, taskId),
    isThere: follow.isThere,
    signal: AbortSignal.any([interrupts.signal, ...timeout]),
  });
  if (task === undefined) voice.note(follow.late.replace("TASK", taskId));
  const exitCode = interrupts.signal.aborted ? exitCodes.interrupted : follow.exitCodeOf(task);
  if (task !== undefined && follow.tellsResult === true) tellResult(voice, task, exitCode);
  return exitCode;
}

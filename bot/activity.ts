import type { ArtifactRef, Change } from "../worker/protocol/change.ts";
import type { LoggedEvent, TaskEvent } from "../worker/protocol/events.ts";
import type { Person, PlanEntry } from "../worker/protocol/task.ts";
import type { Step } from "./post.ts";

type Check = Extract<TaskEvent, { type: "check.finished" }>;
export type Shots = Extract<TaskEvent, { type: "screenshot.taken" }>;

/** How a run ended. */
export type RunEnd =
  | { readonly kind: "finished"; readonly summary: string; readonly elapsedMs: number }
  | { readonly kind: "failed"; readonly sentence: string; readonly failure: string }
  | { readonly kind: "stopped"; readonly by: Person };

/** What the log says of one run, as far as its cards need it. */
export interface RunRecord {
  readonly run: number;
  readonly reason: string;
  readonly startedAtMs: number;
  readonly endedAtMs?: number;
  readonly plan: readonly PlanEntry[];
  readonly said?: string;
  /** The last few tool calls, newest last. */
  readonly steps: readonly Step[];
  readonly tools: number;
  readonly lastFailure?: Step;
  readonly check?: { readonly result: Check["result"]; readonly artifact?: ArtifactRef };
  readonly change?: Change;
  /** The newest pictures of what runs in the sandbox. */
  readonly shots?: Shots;
  readonly end?: RunEnd;
}

/** A question of the agent and what became of it. */
export interface Question {
  readonly request: Extract<TaskEvent, { type: "permission.asked" }>["request"];
  readonly decided?: { readonly option: string; readonly by: Person; readonly atMs: number };
  readonly expired?: true;
}

export interface Activity {
  readonly lastId: string;
  readonly runs: readonly RunRecord[];
  readonly questions: readonly Question[];
  readonly decidedAtMs?: number;
  /** Why the last Merge came to nothing, until somebody does something about it. */
  readonly refusal?: string;
}

export const noActivity: Activity = { lastId: "0", runs: [], questions: [] };
const keptSteps = 5;
const newRun: ReadonlySet<string> = new Set(["new", "reply", "retry", "settle"]);

/** Adds one event to what is known of a task. */
export function noteEvent(activity: Activity, { id, atMs, event }: LoggedEvent): Activity {
  return { ...note(activity, event, atMs), lastId: id };
}

function note(activity: Activity, event: TaskEvent, atMs: number): Activity {
  switch (event.type) {
    case "task.queued":
      return newRun.has(event.reason) ? startRun(activity, event.reason, atMs) : activity;
    case "agent.plan":
      return withRun(activity, { plan: event.entries });
    case "agent.said":
      return withRun(activity, { said: event.text });
    case "agent.tool":
      return noteTool(activity, event);
    case "files.changed":
      return activity;
    case "check.finished":
      return withRun(activity, {
        check: {
          result: event.result,
          ...(event.artifact === undefined ? {} : { artifact: event.artifact }),
        },
      });
    case "run.finished": {
      const { summary, elapsedMs, change } = event;
      return endRun(activity, { kind: "finished", summary, elapsedMs }, atMs, change);
    }
    case "run.failed":
      return endRun(
        activity,
        { kind: "failed", sentence: event.sentence, failure: event.kind },
        atMs,
      );
    case "run.stopped":
      return endRun(activity, { kind: "stopped", by: event.by }, atMs, event.change);
    case "permission.asked":
      return {
        ...activity,
        questions: [
          ...activity.questions.filter((one) => one.request.requestId !== event.request.requestId),
          { request: event.request },
        ],
      };
    case "permission.decided": {
      const { option, by } = event;
      return withQuestion(activity, event.requestId, { decided: { option, by, atMs } });
    }
    case "permission.expired":
      return withQuestion(activity, event.requestId, { expired: true });
    case "screenshot.taken":
      return withRun(activity, { shots: event });
    case "merge.refused":
      return { ...activity, refusal: event.sentence };
    case "merge.asked":
    case "task.discarded":
      return { ...withoutRefusal(activity), decidedAtMs: atMs };
    default:
      return activity;
  }
}

function startRun(activity: Activity, reason: string, atMs: number): Activity {
  const last = activity.runs.at(-1);
  const record: RunRecord = {
    run: (last?.run ?? 0) + 1,
    reason,
    startedAtMs: atMs,
    plan: [],
    steps: [],
    tools: 0,
    ...(last?.change === undefined ? {} : { change: last.change }),
  };
  return { ...withoutRefusal(activity), runs: [...activity.runs, record] };
}

function withoutRefusal(activity: Activity): Activity {
  const { refusal: _, ...rest } = activity;
  return rest;
}

function noteTool(activity: Activity, event: Extract<TaskEvent, { type: "agent.tool" }>): Activity {
  const run = activity.runs.at(-1);
  if (run === undefined) return activity;
  const step: Step = {
    title: event.command ?? event.title,
    status: event.status,
    ...(event.excerpt === undefined ? {} : { excerpt: event.excerpt }),
    ...(event.artifact === undefined ? {} : { artifact: event.artifact }),
  };
  const last = run.steps.at(-1);
  const continues = last?.status === "running" && last.title === step.title;
  const before = continues ? run.steps.slice(0, -1) : run.steps;
  return withRun(activity, {
    steps: [...before, step].slice(-keptSteps),
    tools: run.tools + (continues ? 0 : 1),
    ...(step.status === "failed" ? { lastFailure: step } : {}),
  });
}

function endRun(activity: Activity, end: RunEnd, atMs: number, change?: Change): Activity {
  return withRun(activity, {
    end,
    endedAtMs: atMs,
    ...(change === undefined ? {} : { change }),
  });
}

function withRun(activity: Activity, part: Partial<RunRecord>): Activity {
  const run = activity.runs.at(-1);
  if (run === undefined) return activity;
  return { ...activity, runs: [...activity.runs.slice(0, -1), { ...run, ...part }] };
}

function withQuestion(activity: Activity, requestId: string, part: Partial<Question>): Activity {
  return {
    ...activity,
    questions: activity.questions.map((one) =>
      one.request.requestId === requestId ? { ...one, ...part } : one,
    ),
  };
}

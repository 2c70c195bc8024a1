import type { LoggedEvent } from "../worker/protocol/events.ts";
import type { Task } from "../worker/protocol/task.ts";
import type { Activity } from "./activity.ts";
import type { Draft } from "./post.ts";
import { renderCard } from "./replies/card.ts";
import {
  renderDiscarded,
  renderLanded,
  renderMergeRefused,
  renderRemark,
  renderSandboxEnded,
} from "./replies/landing.ts";
import { renderPreview, renderScreenshots } from "./replies/preview.ts";
import { renderQuestion } from "./replies/question.ts";
import { renderResult } from "./replies/result.ts";

/**
 * What an event makes the bot say. A `post` is said once and stays; a `level` is a post that is
 * edited to the newest state for as long as the task lives (card, result, question, preview).
 */
export type Wish =
  | { readonly kind: "post"; readonly key: string; readonly draft: Draft }
  | { readonly kind: "level"; readonly key: string };

/** Decides what an event adds to the thread; the keys are the same whenever it is decided again. */
export function decidePosts(logged: LoggedEvent, task: Task, activity: Activity): readonly Wish[] {
  const { event, id, atMs } = logged;
  const post = (draft: Draft): readonly Wish[] => [{ kind: "post", key: `event:${id}`, draft }];
  const level = (key: string): readonly Wish[] => [{ kind: "level", key }];
  switch (event.type) {
    case "task.queued":
      return runAt(activity, atMs) === undefined ? [] : level(`card:${runAt(activity, atMs)}`);
    case "permission.asked":
      return level(`question:${event.request.requestId}`);
    case "preview.changed":
      return event.ports.length === 0 ? [] : level("preview");
    case "screenshot.taken":
      return post(renderScreenshots(event));
    case "remark":
      return post(renderRemark(event.sentence));
    case "run.finished":
    case "run.failed":
    case "run.stopped":
      return level(`result:${endedRunAt(activity, atMs)}`);
    case "merge.refused":
      return post(renderMergeRefused(event));
    case "task.landed":
      return post(renderLanded(task, event, atMs));
    case "task.discarded":
      return post(renderDiscarded(event, atMs));
    case "sandbox.ended":
      return post(renderSandboxEnded(event));
    default:
      return [];
  }
}

/** Draws a level as it is now; undefined when its matter is unknown. */
export function renderLevel(key: string, task: Task, activity: Activity): Draft | undefined {
  const at = key.indexOf(":");
  const name = at < 0 ? key : key.slice(0, at);
  const rest = key.slice(at + 1);
  if (name === "preview") return renderPreview(task);
  if (name === "question") {
    const question = activity.questions.find((one) => one.request.requestId === rest);
    return question === undefined ? undefined : renderQuestion(task.id, question);
  }
  const record = activity.runs.find((one) => one.run === Number(rest));
  if (record === undefined) return undefined;
  return name === "card" ? renderCard(task, record) : renderResult(task, record, activity);
}

function runAt(activity: Activity, startedAtMs: number): number | undefined {
  return activity.runs.find((record) => record.startedAtMs === startedAtMs)?.run;
}

function endedRunAt(activity: Activity, endedAtMs: number): number {
  const run = activity.runs.find((record) => record.endedAtMs === endedAtMs);
  return run?.run ?? activity.runs.length;
}

import type { LoggedEvent } from "../worker/protocol/events.ts";
import type { Task } from "../worker/protocol/task.ts";
import type { Activity } from "./activity.ts";
import type { Draft } from "./post.ts";
import { renderCard } from "./replies/card.ts";
import { renderRefusal } from "./replies/egress.ts";
import {
  renderDiscarded,
  renderMerged,
  renderNotMerged,
  renderRemark,
  renderRunEnded,
  renderSandboxEnded,
} from "./replies/lines.ts";
import { renderPreview, renderScreenshots } from "./replies/preview.ts";
import { renderQuestion } from "./replies/question.ts";

/**
 * What an event makes the bot say. A `post` is said once and stays; a `level` is a post that is
 * edited to the newest state for as long as the task lives (a run's card, question, preview).
 */
export type Wish =
  | {
      readonly kind: "post";
      readonly key: string;
      readonly draft: Draft;
      /** The level that this is a line about: it shows the news before the line calls anybody. */
      readonly about?: string;
    }
  | { readonly kind: "level"; readonly key: string };

/** Decides what an event adds to the thread; the keys are the same whenever it is decided again. */
export function decidePosts(logged: LoggedEvent, task: Task, activity: Activity): readonly Wish[] {
  const { event, id, atMs } = logged;
  const post = (draft: Draft): readonly Wish[] => [{ kind: "post", key: `event:${id}`, draft }];
  const line = (draft: Draft, run: number | undefined): readonly Wish[] => [
    {
      kind: "post",
      key: `event:${id}`,
      draft,
      ...(run === undefined ? {} : { about: `card:${run}` }),
    },
  ];
  const level = (key: string): readonly Wish[] => [{ kind: "level", key }];
  switch (event.type) {
    case "task.queued": {
      const run = activity.runs.find((record) => record.startedAtMs === atMs)?.run;
      return run === undefined ? [] : level(`card:${run}`);
    }
    case "permission.asked":
      return level(`question:${event.request.requestId}`);
    case "egress.refused":
      return level(`egress:${event.refusal.host}`);
    case "preview.changed":
      return event.ports.length === 0 ? [] : level("preview");
    case "screenshot.taken":
      return post(renderScreenshots(event));
    case "remark":
      return post(renderRemark(event.sentence));
    case "run.finished":
    case "run.failed":
    case "run.stopped": {
      const ended = activity.runs.find((record) => record.endedAtMs === atMs);
      const record = ended ?? activity.runs.at(-1);
      return record === undefined ? [] : line(renderRunEnded(task, record), record.run);
    }
    case "merge.refused":
      return line(renderNotMerged(task, event), activity.runs.at(-1)?.run);
    case "task.landed":
      return line(renderMerged(task, event), activity.runs.at(-1)?.run);
    case "task.discarded":
      return line(renderDiscarded(task, event), activity.runs.at(-1)?.run);
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
  if (name === "egress") return renderRefusal(task, rest);
  if (name === "question") {
    const question = activity.questions.find((one) => one.request.requestId === rest);
    return question === undefined ? undefined : renderQuestion(task, question);
  }
  const record = activity.runs.find((one) => one.run === Number(rest));
  return name === "card" && record !== undefined ? renderCard(task, record, activity) : undefined;
}

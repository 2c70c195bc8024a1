import type { LoggedEvent, TaskEvent } from "../protocol/events.ts";
import { cleanLine } from "./show/clean-text.ts";
import { planMarks, renderEvent } from "./show/event-lines.ts";
import type { Voice } from "./show/voice.ts";

type Plan = Extract<TaskEvent, { type: "agent.plan" }>["entries"];

/** Tells the events of one task as they come: for programs each one, for people what is new. */
export function openTeller(voice: Voice, taskId: string): (logged: LoggedEvent) => void {
  let plan: Plan | undefined;
  let wasAnswered = false;
  return ({ id, atMs, event }) => {
    voice.object({ taskId, eventId: id, atMs, ...event });
    if (voice.json) return;
    for (const line of linesOf(event)) voice.say(line);
  };

  function linesOf(event: TaskEvent): readonly string[] {
    if (event.type === "agent.plan") {
      const known = plan;
      plan = event.entries;
      return known === undefined
        ? renderEvent(event, taskId, voice.tint)
        : renderProgress(known, plan);
    }
    if (event.type === "task.queued") wasAnswered = event.reason === "answer";
    // After an answer a driver takes the waiting agent up again: nothing was lost.
    if (event.type === "run.adopted" && wasAnswered) return [];
    return renderEvent(event, taskId, voice.tint);
  }
}

/** Only what became of the steps since; a new plan as a whole. Pure. */
export function renderProgress(before: Plan, now: Plan): string[] {
  const isSame =
    before.length === now.length && before.every(({ title }, at) => title === now[at]?.title);
  const shown = isSame
    ? now.filter(({ status }, at) => status !== before[at]?.status && status === "in_progress")
    : now;
  return shown.map(({ status, title }) => {
    const place = isSame
      ? ` (${now.findIndex((entry) => entry.title === title) + 1}/${now.length})`
      : "";
    return `  ${planMarks[status]} ${cleanLine(title)}${place}`;
  });
}

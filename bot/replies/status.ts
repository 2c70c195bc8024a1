import { stateWord } from "../../worker/protocol/decisions.ts";
import { isEnded, type Task } from "../../worker/protocol/task.ts";
import type { Draft } from "../post.ts";
import { sentence } from "./sentence.ts";
import { code, firstLine, plain } from "./wording.ts";

const shown = 20;

/** All tasks: those that go on, and how many ended. */
export function renderStatus(tasks: readonly Task[]): Draft {
  if (tasks.length === 0) return sentence("No task yet. Start one: `/colony run …`");
  const open = tasks.filter((task) => !isEnded(task));
  if (open.length === 0) return sentence("Nothing runs and nothing waits for you.");
  const lines = open.slice(0, shown).map(lineOf);
  const more = open.length > shown ? [`- and ${open.length - shown} more`] : [];
  return sentence([...lines, ...more].join("\n"));
}

export function renderTaskStatus(task: Task): Draft {
  return sentence(`Task ${code(task.id)} is ${stateWord(task)}.`);
}

function lineOf(task: Task): string {
  const where = plain(task.repository.name);
  return `- ${code(task.id)} **${stateWord(task)}**: ${plain(firstLine(task.request))} (${where})`;
}

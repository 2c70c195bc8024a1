import { listLogs, readLog, renderTerminalLines } from "../log-excerpt.ts";
import { renderDiff, renderFiles, renderLog } from "../replies/change.ts";
import { previewUrl, renderPreview, renderScreenshots } from "../replies/preview.ts";
import { sentence } from "../replies/sentence.ts";
import { counted } from "../replies/wording.ts";
import type { Answer, TaskHandler } from "./context.ts";

/*
 * The words that show something of a task.
 */

const maxFileBytes = 8 * 1024 * 1024;

export const diff: TaskHandler = async (_context, task) => thread(renderDiff(task));

export const files: TaskHandler = async (_context, task) => thread(renderFiles(task));

export const preview: TaskHandler = async (_context, task) => {
  if (task.previews.length > 0) return thread(renderPreview(task));
  const wake = task.sandbox === "ended" ? " A reply wakes the sandbox." : "";
  return thread(sentence(`Nothing serves a page in the sandbox now.${wake}`, "quiet"));
};

export const shot: TaskHandler = async ({ client }, task) => {
  const events = await client.events(task.id);
  const taken = events
    .map(({ event }) => event)
    .filter((event) => event.type === "screenshot.taken");
  const newest = taken.at(-1);
  if (newest !== undefined) return thread(renderScreenshots(newest));
  const running = task.previews[0];
  const where =
    running === undefined ? "" : ` The page is at ${previewUrl(task.id, running.port)}.`;
  return thread(sentence(`There is no screenshot of this task yet.${where}`, "quiet"));
};

export const logs: TaskHandler = async ({ client, logs: folder }, task) => {
  const [newest] = await listLogs(folder, task.id);
  if (newest === undefined) {
    return thread(sentence("There is no log of this task yet.", "quiet"));
  }
  const bytes = await readLog(folder, task.id, newest.name);
  const lines = await renderTerminalLines(bytes);
  const whole = await readLog(folder, task.id, newest.name, maxFileBytes);
  const name = `${task.id}-${newest.name}.log`;
  const artifact = await client.putArtifact(whole, name, "text/plain");
  const label =
    newest.bytes > whole.length
      ? `Last ${counted(Math.round(whole.length / 1024 / 1024), "MB", "MB")} of the log`
      : "Whole log";
  return thread(renderLog({ name: newest.name, lines, artifact, label }));
};

function thread(draft: Extract<Answer, { to: "thread" | "asker" }>["draft"]): Answer {
  return { to: "thread", draft };
}

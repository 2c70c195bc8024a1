import { listLogs, readLog, renderTerminalLines } from "../log-excerpt.ts";
import { renderDiff, renderFiles, renderLog } from "../replies/change.ts";
import { renderNet } from "../replies/egress.ts";
import { previewUrl, renderPreview, renderScreenshots } from "../replies/preview.ts";
import { sentence } from "../replies/sentence.ts";
import { renderTranscript } from "../replies/transcript.ts";
import { sizeOf } from "../replies/wording.ts";
import type { Answer, CommandContext, TaskHandler } from "./context.ts";

/*
 * The words that show something of a task.
 */

const maxFileBytes = 8 * 1024 * 1024;
const maxTerminalBytes = 512 * 1024;

export const diff: TaskHandler = async (_context, task) => thread(renderDiff(task));

export const files: TaskHandler = async (_context, task) => thread(renderFiles(task));

export const preview: TaskHandler = async (_context, task) => {
  if (task.previews.length > 0) return thread(renderPreview(task));
  const wake = task.sandbox === "ended" ? " A reply wakes the sandbox." : "";
  return thread(sentence(`Nothing serves a page in the sandbox now.${wake}`, "quiet"));
};

export const net: TaskHandler = async ({ client }, task) =>
  thread(renderNet(task, await client.egress(task.id), Date.now()));

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

export const logs: TaskHandler = async (context, task) => {
  const { client, logs: folder } = context;
  const [newest] = await listLogs(folder, task.id);
  const bytes =
    newest === undefined ? undefined : await readLog(folder, task.id, newest.name, maxFileBytes);
  if (newest === undefined || bytes === undefined || isProtocol(bytes)) {
    return transcript(context, task.id);
  }
  const lines = await renderTerminalLines(bytes.subarray(-maxTerminalBytes));
  const name = `${task.id}-${newest.name}.log`;
  const artifact = await client.putArtifact(bytes, name, "text/plain");
  const label =
    newest.bytes > bytes.length ? `Last ${sizeOf(bytes.length)} of the log` : "Whole log";
  return thread(renderLog({ name: newest.name, lines, artifact, label }));
};

/** Agents that speak in messages leave frames in their log, which nobody wants to read. */
function isProtocol(bytes: Buffer): boolean {
  return bytes.subarray(0, 200).toString("latin1").trimStart().startsWith('{"jsonrpc"');
}

async function transcript({ client }: CommandContext, taskId: string): Promise<Answer> {
  const lines = renderTranscript(await client.events(taskId));
  if (lines.length === 0) return thread(sentence("There is no log of this task yet.", "quiet"));
  const text = Buffer.from(lines.join("\n"));
  const artifact = await client.putArtifact(text, `${taskId}-transcript.txt`, "text/plain");
  return thread(renderLog({ name: "transcript", lines, artifact, label: "Whole transcript" }));
}

function thread(draft: Extract<Answer, { to: "thread" | "asker" }>["draft"]): Answer {
  return { to: "thread", draft };
}

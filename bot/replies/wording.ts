import type { Change } from "../../worker/protocol/change.ts";
import type { LandingConflict } from "../../worker/protocol/task.ts";

/** `3m 12s`, as in footers. */
export function lengthOf(ms: number): string {
  const seconds = Math.max(0, Math.round(ms / 1000));
  if (seconds < 60) return `${seconds}s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes}m ${String(seconds % 60).padStart(2, "0")}s`;
  return `${Math.floor(minutes / 60)}h ${String(minutes % 60).padStart(2, "0")}m`;
}

export function sizeOf(bytes: number): string {
  if (bytes < 1024) return `${bytes} B`;
  if (bytes < 1024 ** 2) return `${Math.round(bytes / 1024)} KB`;
  if (bytes < 1024 ** 3) return `${(bytes / 1024 ** 2).toFixed(1)} MB`;
  return `${(bytes / 1024 ** 3).toFixed(1)} GB`;
}

export function timeOf(atMs: number): string {
  return new Date(atMs).toLocaleTimeString("en-GB", { hour: "2-digit", minute: "2-digit" });
}

export function counted(count: number, one: string, many = `${one}s`): string {
  return `${count} ${count === 1 ? one : many}`;
}

/** Untrusted text as inline code: no word of it is read as Markdown, and it stays on its line. */
export function code(text: string): string {
  const line = oneLine(text);
  const longest = Math.max(0, ...(line.match(/`+/g) ?? []).map((run) => run.length));
  const fence = "`".repeat(longest + 1);
  const pad = longest > 0 ? " " : "";
  return `${fence}${pad}${line}${pad}${fence}`;
}

/** Untrusted text on one line, without control and direction-changing characters. */
export function oneLine(text: string): string {
  return text
    .replace(/[\u0000-\u001f\u007f-\u009f]+/g, " ")
    .replace(/[\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]/g, "")
    .trim();
}

/** Untrusted text within a sentence of ours: the signs of Markdown lose their meaning. */
export function plain(text: string): string {
  return oneLine(text).replace(/[\\`*_[\]<>~#|]/g, "\\$&");
}

export function cut(text: string, length: number): string {
  return text.length <= length ? text : `${text.slice(0, length - 1).trimEnd()}…`;
}

/** Control characters off, lines kept. */
export function cleanLines(text: string): string {
  return text
    .replace(/\r\n?/g, "\n")
    .replace(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/g, "")
    .replace(/[\u202a-\u202e\u2066-\u2069]/g, "");
}

/** The agent as people see it; the scripted one is never shown as more than it is. */
export function agentWords(agent: string): string {
  if (agent === "scripted") return "scripted (plays a script, no model)";
  if (agent === "default") return "chosen at start";
  return cut(oneLine(agent), 80);
}

export function firstLine(text: string, length = 80): string {
  return cut(oneLine(text.split("\n").find((line) => line.trim() !== "") ?? ""), length);
}

/** Which file and lines, with whose change. */
export function conflictSentence(conflict: LandingConflict): string {
  const lines = conflict.lines === "" ? "" : `, ${linesWords(conflict.lines)},`;
  const whose =
    conflict.withTitle === undefined
      ? conflict.withTask === undefined
        ? "a change that landed meanwhile"
        : `the change of task ${code(conflict.withTask)}`
      : `“${plain(cut(conflict.withTitle, 90))}”${conflict.withTask === undefined ? "" : ` (task ${code(conflict.withTask)})`}`;
  return `${code(conflict.path)}${lines} conflicts with ${whose}.`;
}

function linesWords(lines: string): string {
  if (lines.startsWith("line")) return plain(lines);
  return /^\d+$/.test(lines) ? `line ${lines}` : `lines ${plain(lines)}`;
}

/** `+12 −3 in 2 files`. */
export function changeSize(change: Change): string {
  return `+${change.added} −${change.removed} in ${counted(change.files.length, "file")}`;
}

import { isAbsolute, relative } from "node:path";
import { z } from "zod";
import type { AgentHappening, AgentTool } from "../agent.ts";
import type { AcpSaved, SavedTool } from "../saved.ts";
import { mergeOutput } from "./tool-output.ts";
import type { ToolUpdate } from "./updates.ts";

const maxTools = 40;

const commandSchema = z.looseObject({
  command: z.union([z.string(), z.array(z.string())]).optional(),
  cmd: z.union([z.string(), z.array(z.string())]).optional(),
});
const pathSchema = z.looseObject({
  file_path: z.string().optional(),
  filePath: z.string().optional(),
  path: z.string().optional(),
});
/** Takes in a tool call or its update; answers what is worth telling of it. */
export function takeTool(state: AcpSaved, update: ToolUpdate, cwd: string): AgentHappening[] {
  const id = update.toolCallId;
  const before = state.tools[id];
  const after = mergeTool(before, update, cwd);
  state.tools[id] = after;
  if (!worthTelling(before, after)) return [];
  after.toldBytes = after.outputBytes;
  const tool = describeTool(id, after);
  if (after.status === "completed" || after.status === "failed") forgetOldTools(state, id);
  return [{ kind: "tool", tool }];
}

/** A tool as the port shows it; its output is still raw (the pump renders it). */
export function describeTool(id: string, tool: SavedTool): AgentTool {
  return {
    id,
    title: tool.title,
    kind: tool.kind,
    status: tool.status,
    ...(tool.command !== undefined && { command: tool.command }),
    ...(tool.tail !== undefined && showsOutput(tool) && { output: tool.tail }),
    ...(tool.exitCode !== undefined && { exitCode: tool.exitCode }),
    ...(tool.path !== undefined && { path: tool.path }),
    ...(tool.added !== undefined && { added: tool.added }),
    ...(tool.removed !== undefined && { removed: tool.removed }),
  };
}

/** What a file holds or a search found is noise; what a command printed or why one failed is not. */
function showsOutput(tool: SavedTool): boolean {
  return tool.kind === "execute" || tool.command !== undefined || tool.status === "failed";
}

/** Output is told when it grew by a quarter: few news for much output, and the same in a replay. */
function worthTelling(before: SavedTool | undefined, after: SavedTool): boolean {
  // Announced before its arguments are known: the next update says more.
  if (!before) return after.status !== "pending" || isTellable(after);
  const same =
    before.title === after.title &&
    before.status === after.status &&
    before.command === after.command &&
    before.path === after.path &&
    before.exitCode === after.exitCode &&
    before.added === after.added;
  if (!same) return true;
  return after.outputBytes > before.toldBytes * 1.25 + 80;
}

function isTellable(tool: SavedTool): boolean {
  return tool.command !== undefined || tool.path !== undefined || tool.added !== undefined;
}

function mergeTool(before: SavedTool | undefined, update: ToolUpdate, cwd: string): SavedTool {
  const after: SavedTool = before
    ? { ...before }
    : { title: "", kind: "other", status: "pending", outputBytes: 0, toldBytes: 0 };
  if (update.title) after.title = update.title.slice(0, 500);
  if (update.kind) after.kind = update.kind;
  const status = statusOf(update.status);
  if (status) after.status = status;
  const command = commandOf(update.rawInput);
  if (command) after.command = command;
  // Of a command some give the folder that it runs in, which is no file that it changes.
  const path = after.kind === "execute" ? undefined : pathOf(update);
  if (path) after.path = shortPath(path, cwd);
  mergeEdit(after, update);
  mergeOutput(after, update);
  if (after.title === "") after.title = after.command ?? after.path ?? after.kind;
  return after;
}

function statusOf(status: string | null | undefined): SavedTool["status"] | undefined {
  if (status === "pending" || status === "in_progress" || status === "completed") return status;
  if (status === "failed" || status === "cancelled") return "failed";
  return undefined;
}

function commandOf(rawInput: unknown): string | undefined {
  const parsed = commandSchema.safeParse(rawInput);
  if (!parsed.success) return undefined;
  const command = parsed.data.command ?? parsed.data.cmd;
  if (command === undefined) return undefined;
  return (typeof command === "string" ? command : unwrapShell(command)).slice(0, 2_000);
}

/** `["bash", "-lc", "npm test"]` is told as `npm test`. */
function unwrapShell(argv: readonly string[]): string {
  const [shell, flag, script] = argv;
  const isShell = /(^|\/)(ba|z|da|)sh$/.test(shell ?? "");
  if (isShell && argv.length === 3 && flag?.startsWith("-") && script !== undefined) return script;
  return argv.join(" ");
}

function pathOf(update: ToolUpdate): string | undefined {
  const diff = update.content?.find((part) => part.type === "diff" && part.path !== undefined);
  const named = pathSchema.safeParse(update.rawInput);
  const raw = named.success
    ? (named.data.file_path ?? named.data.filePath ?? named.data.path)
    : undefined;
  return diff?.path ?? update.locations?.[0]?.path ?? raw;
}

function shortPath(path: string, cwd: string): string {
  if (!isAbsolute(path)) return path;
  const inside = relative(cwd, path);
  return inside === "" || inside.startsWith("..") ? path : inside;
}

function mergeEdit(after: SavedTool, update: ToolUpdate): void {
  const diffs = update.content?.filter(
    (part) => part.type === "diff" && part.newText !== undefined,
  );
  if (!diffs || diffs.length === 0) return;
  after.added = 0;
  after.removed = 0;
  for (const diff of diffs) {
    const counted = countLines(diff.oldText ?? "", diff.newText ?? "");
    after.added += counted.added;
    after.removed += counted.removed;
  }
}

/** Lines between the common head and tail: rough, and good enough for an excerpt. */
function countLines(oldText: string, newText: string): { added: number; removed: number } {
  const from = oldText === "" ? [] : oldText.replace(/\n$/, "").split("\n");
  const to = newText === "" ? [] : newText.replace(/\n$/, "").split("\n");
  let head = 0;
  while (head < from.length && head < to.length && from[head] === to[head]) head++;
  let tail = 0;
  while (
    tail < from.length - head &&
    tail < to.length - head &&
    from[from.length - 1 - tail] === to[to.length - 1 - tail]
  )
    tail++;
  return { added: to.length - head - tail, removed: from.length - head - tail };
}

function forgetOldTools(state: AcpSaved, latest: string): void {
  const tool = state.tools[latest];
  if (tool) delete tool.tail;
  const ended = Object.entries(state.tools).filter(
    ([, other]) => other.status === "completed" || other.status === "failed",
  );
  for (const [id] of ended.slice(0, Math.max(0, ended.length - maxTools))) delete state.tools[id];
}

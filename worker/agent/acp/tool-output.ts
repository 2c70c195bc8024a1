import { z } from "zod";
import type { SavedTool } from "../saved.ts";
import type { ToolUpdate } from "./updates.ts";

const maxTailChars = 4_000;

const terminalPieceSchema = z.looseObject({ data: z.string() });
const exitSchema = z.looseObject({
  exit_code: z.number().optional(),
  exitCode: z.number().optional(),
});
const rawOutputSchema = z.looseObject({
  output: z.string().optional().catch(undefined),
  formatted_output: z.string().optional().catch(undefined),
  aggregated_output: z.string().optional().catch(undefined),
  stdout: z.string().optional().catch(undefined),
  exit_code: z.number().optional().catch(undefined),
  exitCode: z.number().optional().catch(undefined),
  metadata: z
    .looseObject({ exit: z.number().nullish(), output: z.string().optional() })
    .optional()
    .catch(undefined),
});

/** The four shapes in which agents show what a command prints. */
export function mergeOutput(after: SavedTool, update: ToolUpdate): void {
  const exit = exitSchema.safeParse(update._meta?.terminal_exit);
  const exitCode = exit.success ? (exit.data.exit_code ?? exit.data.exitCode) : undefined;
  if (exitCode !== undefined) after.exitCode = exitCode;
  const raw = rawOutputSchema.safeParse(update.rawOutput);
  if (raw.success) {
    const code = raw.data.exit_code ?? raw.data.exitCode ?? raw.data.metadata?.exit ?? undefined;
    if (code !== undefined) after.exitCode = code;
  }
  const piece = pieceOf(update, "terminal_output_delta") ?? pieceOf(update, "terminal_output");
  if (piece !== undefined) {
    append(after, piece);
    return;
  }
  const whole = wholeOutput(update, raw.success ? raw.data : undefined);
  if (whole !== undefined && whole !== "") replace(after, whole);
}

function pieceOf(update: ToolUpdate, key: string): string | undefined {
  const piece = terminalPieceSchema.safeParse(update._meta?.[key]);
  return piece.success ? piece.data.data : undefined;
}

function wholeOutput(
  update: ToolUpdate,
  raw: z.infer<typeof rawOutputSchema> | undefined,
): string | undefined {
  const texts = update.content
    ?.filter((part) => part.type === "content" && part.content?.text !== undefined)
    .map((part) => part.content?.text ?? "");
  if (texts && texts.length > 0) return unfence(texts.join("\n"));
  if (typeof update.rawOutput === "string") return update.rawOutput;
  return (
    raw?.formatted_output ??
    raw?.aggregated_output ??
    raw?.output ??
    raw?.metadata?.output ??
    raw?.stdout
  );
}

/** Some agents wrap what a command printed into a Markdown fence. */
function unfence(text: string): string {
  const match = /^\s*(`{3,})[^\n]*\n([\s\S]*?)\n?\1\s*$/.exec(text);
  return match?.[2] ?? text;
}

function append(tool: SavedTool, piece: string): void {
  tool.tail = cutTail((tool.tail ?? "") + piece);
  tool.outputBytes += Buffer.byteLength(piece);
}

function replace(tool: SavedTool, whole: string): void {
  tool.tail = cutTail(whole);
  tool.outputBytes = Buffer.byteLength(whole);
}

/** Last characters, begun at a line so that no escape code is cut in two. */
function cutTail(text: string): string {
  if (text.length <= maxTailChars) return text;
  const tail = text.slice(-maxTailChars);
  const lineStart = tail.search(/[\r\n]/);
  return lineStart < 0 ? tail : tail.slice(lineStart + 1);
}

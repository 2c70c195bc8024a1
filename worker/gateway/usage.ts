import { z } from "zod";
import type { UsageShape } from "./providers.ts";

/** Tokens of one reply. `inputTokens` are those that no cache served. */
export interface ReplyUsage {
  readonly model: string;
  readonly inputTokens: number;
  readonly cacheReadTokens: number;
  readonly cacheWriteTokens: number;
  readonly outputTokens: number;
}

const count = z.number().int().nonnegative().catch(0).default(0);
const details = z.object({ cached_tokens: count }).nullish();

const anthropicSchema = z.object({
  model: z.string().optional(),
  usage: z
    .object({
      input_tokens: count,
      output_tokens: count,
      cache_read_input_tokens: count,
      cache_creation_input_tokens: count,
    })
    .nullish(),
});
const chatSchema = z.object({
  model: z.string().optional(),
  usage: z
    .object({ prompt_tokens: count, completion_tokens: count, prompt_tokens_details: details })
    .nullish(),
});
const responsesSchema = z.object({
  model: z.string().optional(),
  usage: z
    .object({ input_tokens: count, output_tokens: count, input_tokens_details: details })
    .nullish(),
});
const geminiSchema = z.object({
  modelVersion: z.string().optional(),
  usageMetadata: z
    .object({
      promptTokenCount: count,
      cachedContentTokenCount: count,
      candidatesTokenCount: count,
      thoughtsTokenCount: count,
    })
    .nullish(),
});

/**
 * What a reply's piece says about usage, added to what earlier pieces said: counts only grow, since
 * every provider repeats running totals. Pure; a piece of another shape changes nothing.
 */
export function addPiece(
  shape: UsageShape,
  before: ReplyUsage | undefined,
  piece: unknown,
): ReplyUsage | undefined {
  const found = readPiece(shape, piece);
  if (found === undefined) return before;
  if (before === undefined) return found;
  return {
    model: found.model === "" ? before.model : found.model,
    inputTokens: Math.max(before.inputTokens, found.inputTokens),
    cacheReadTokens: Math.max(before.cacheReadTokens, found.cacheReadTokens),
    cacheWriteTokens: Math.max(before.cacheWriteTokens, found.cacheWriteTokens),
    outputTokens: Math.max(before.outputTokens, found.outputTokens),
  };
}

function readPiece(shape: UsageShape, piece: unknown): ReplyUsage | undefined {
  switch (shape) {
    case "none":
      return undefined;
    case "anthropic":
      return readAnthropic(piece);
    case "openai-chat": {
      const read = chatSchema.safeParse(piece).data;
      if (read?.usage == null) return undefined;
      const { prompt_tokens, completion_tokens, prompt_tokens_details } = read.usage;
      return openAi(read.model, prompt_tokens, completion_tokens, prompt_tokens_details);
    }
    case "openai-responses": {
      const read = responsesSchema.safeParse(inner(piece, "response")).data;
      if (read?.usage == null) return undefined;
      const { input_tokens, output_tokens, input_tokens_details } = read.usage;
      return openAi(read.model, input_tokens, output_tokens, input_tokens_details);
    }
    case "gemini":
      return readGemini(piece);
  }
}

/** `message_start` wraps the message, `message_delta` carries the usage itself. */
function readAnthropic(piece: unknown): ReplyUsage | undefined {
  const read = anthropicSchema.safeParse(inner(piece, "message")).data;
  if (read?.usage == null) return undefined;
  return {
    model: read.model ?? "",
    inputTokens: read.usage.input_tokens,
    cacheReadTokens: read.usage.cache_read_input_tokens,
    cacheWriteTokens: read.usage.cache_creation_input_tokens,
    outputTokens: read.usage.output_tokens,
  };
}

function openAi(
  model: string | undefined,
  input: number,
  output: number,
  more: { readonly cached_tokens: number } | null | undefined,
): ReplyUsage {
  const cached = Math.min(more?.cached_tokens ?? 0, input);
  return {
    model: model ?? "",
    inputTokens: input - cached,
    cacheReadTokens: cached,
    cacheWriteTokens: 0,
    outputTokens: output,
  };
}

/** Without `alt=sse` the pieces come as one array. */
function readGemini(piece: unknown): ReplyUsage | undefined {
  if (Array.isArray(piece)) {
    return piece.reduce<ReplyUsage | undefined>(
      (sum, one) => addPiece("gemini", sum, one),
      undefined,
    );
  }
  const read = geminiSchema.safeParse(piece).data;
  if (read?.usageMetadata == null) return undefined;
  const used = read.usageMetadata;
  const cached = Math.min(used.cachedContentTokenCount, used.promptTokenCount);
  return {
    model: read.modelVersion ?? "",
    inputTokens: used.promptTokenCount - cached,
    cacheReadTokens: cached,
    cacheWriteTokens: 0,
    outputTokens: used.candidatesTokenCount + used.thoughtsTokenCount,
  };
}

function inner(piece: unknown, key: string): unknown {
  if (typeof piece !== "object" || piece === null || !(key in piece)) return piece;
  return Object.entries(piece).find(([name]) => name === key)?.[1];
}

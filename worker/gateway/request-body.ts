import type { IncomingMessage } from "node:http";
import { z } from "zod";
import type { UsageShape } from "./providers.ts";

/** A long conversation with pictures; beyond it providers refuse too. */
export const maxBodyBytes = 48 * 2 ** 20;

/** Reads the whole body; undefined when it is too large or breaks off. */
export async function readBody(incoming: IncomingMessage): Promise<Buffer | undefined> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  try {
    for await (const chunk of incoming) {
      bytes += chunk.length;
      if (bytes > maxBodyBytes) return undefined;
      chunks.push(chunk);
    }
  } catch {
    return undefined;
  }
  return Buffer.concat(chunks);
}

const streamingChat = z.looseObject({
  stream: z.literal(true),
  stream_options: z.looseObject({}).nullish(),
});

/**
 * OpenAI's chat streams say what they used only when asked to; agents often do not ask, and an
 * uncounted request would slip past the budget. Every other body passes as it is. Pure.
 */
export function withUsageAsked(shape: UsageShape, body: Buffer): Buffer {
  if (shape !== "openai-chat") return body;
  try {
    const parsed = streamingChat.safeParse(JSON.parse(body.toString("utf8")));
    if (!parsed.success) return body;
    const options = { ...parsed.data.stream_options, include_usage: true };
    return Buffer.from(JSON.stringify({ ...parsed.data, stream_options: options }));
  } catch {
    return body;
  }
}

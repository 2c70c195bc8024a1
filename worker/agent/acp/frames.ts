import { z } from "zod";

/**
 * The part of ACP that we read, as loose schemas of our own: the SDK does not export its zod
 * schemas, and its strict ones would drop a whole update for one odd field of a newer agent.
 * The SDK's types are used where we write.
 */
const rpcIdSchema = z.union([z.string(), z.number()]);

const frameSchema = z.object({
  id: z.union([rpcIdSchema, z.null()]).optional(),
  method: z.string().optional(),
  params: z.unknown().optional(),
  result: z.unknown().optional(),
  error: z
    .object({ code: z.number(), message: z.string(), data: z.unknown().optional() })
    .optional(),
});

export type RpcId = z.infer<typeof rpcIdSchema>;

/** One JSON-RPC message, sorted by what it wants. */
export type Frame =
  | {
      readonly kind: "request";
      readonly id: RpcId;
      readonly method: string;
      readonly params: unknown;
    }
  | { readonly kind: "notification"; readonly method: string; readonly params: unknown }
  | { readonly kind: "result"; readonly id: RpcId; readonly result: unknown }
  | { readonly kind: "error"; readonly id: RpcId; readonly code: number; readonly message: string }
  | { readonly kind: "invalid"; readonly excerpt: string }
  | { readonly kind: "blank" };

/** Sorts one line of the agent's output; never throws. */
export function parseFrame(line: string): Frame {
  if (line.trim() === "") return { kind: "blank" };
  const invalid: Frame = { kind: "invalid", excerpt: line.slice(0, 200) };
  const value = parseJson(line);
  const parsed = frameSchema.safeParse(value);
  if (!parsed.success) return invalid;
  const { id, method, params, result, error } = parsed.data;
  if (method !== undefined) {
    if (id === undefined || id === null) return { kind: "notification", method, params };
    return { kind: "request", id, method, params };
  }
  if (id === undefined || id === null) return invalid;
  if (error) return { kind: "error", id, code: error.code, message: errorText(error) };
  if (value && typeof value === "object" && "result" in value)
    return { kind: "result", id, result };
  return invalid;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function errorText(error: { message: string; data?: unknown }): string {
  const details = z.object({ details: z.string() }).safeParse(error.data);
  const more =
    typeof error.data === "string" ? error.data : details.success ? details.data.details : "";
  const whole = more && !error.message.includes(more) ? `${error.message}: ${more}` : error.message;
  // The code says so already; a person wants the rest.
  return whole.replace(/^Internal error: /, "");
}

/** A whole line, or word that an endless one was cut, with the offset after it. */
export interface SpoolLine {
  readonly text: string | undefined;
  readonly end: number;
}

/** Cuts spooled bytes into lines of at most `maxBytes`; longer ones are dropped and told. */
export class LineCutter {
  #held: Buffer[] = [];
  #heldBytes = 0;
  #offset: number;
  #discarding: boolean;
  readonly #maxBytes: number;

  constructor(offset: number, discarding: boolean, maxBytes: number) {
    this.#offset = offset;
    this.#discarding = discarding;
    this.#maxBytes = maxBytes;
  }

  /**
   * Lines that these bytes complete. `text` undefined means: more than `maxBytes` without a
   * newline, dropped up to `end`; what follows is dropped silently until the next newline.
   */
  *cut(bytes: Buffer): Generator<SpoolLine & { readonly discarding: boolean }> {
    let from = 0;
    for (;;) {
      const newline = bytes.indexOf(10, from);
      const end = newline < 0 ? bytes.length : newline + 1;
      const piece = bytes.subarray(from, end);
      from = end;
      if (newline < 0) {
        if (piece.length > 0) yield* this.#hold(piece);
        return;
      }
      yield this.#finish(piece);
    }
  }

  *#hold(piece: Buffer): Generator<SpoolLine & { readonly discarding: boolean }> {
    if (this.#discarding) {
      this.#offset += piece.length;
      return;
    }
    this.#held.push(piece);
    this.#heldBytes += piece.length;
    if (this.#heldBytes <= this.#maxBytes) return;
    this.#offset += this.#heldBytes;
    this.#drop();
    this.#discarding = true;
    yield { text: undefined, end: this.#offset, discarding: true };
  }

  #finish(piece: Buffer): SpoolLine & { readonly discarding: boolean } {
    const line = this.#held.length === 0 ? piece : Buffer.concat([...this.#held, piece]);
    this.#offset += this.#heldBytes + piece.length;
    const wasDiscarding = this.#discarding;
    this.#drop();
    this.#discarding = false;
    if (wasDiscarding) return { text: "", end: this.#offset, discarding: false };
    const text = line.length > this.#maxBytes ? undefined : line.toString("utf8");
    return { text, end: this.#offset, discarding: false };
  }

  #drop(): void {
    this.#held = [];
    this.#heldBytes = 0;
  }
}

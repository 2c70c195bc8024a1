import { StringDecoder } from "node:string_decoder";
import type { UsageShape } from "./providers.ts";
import { addPiece, type ReplyUsage } from "./usage.ts";

/** A line of an event stream that is longer carries an image or worse, and no usage. */
const maxLineChars = 2 ** 20;
const maxJsonChars = 16 * 2 ** 20;

/** Reads usage from the side while a reply streams past; what it cannot read it skips. */
export class ReplyReader {
  readonly #shape: UsageShape;
  readonly #stream: boolean;
  readonly #decoder = new StringDecoder("utf8");
  #text = "";
  #skipping = false;
  #usage: ReplyUsage | undefined;

  constructor(shape: UsageShape, contentType: string) {
    this.#shape = shape;
    this.#stream = contentType.includes("text/event-stream");
  }

  push(chunk: Buffer): void {
    if (this.#shape === "none") return;
    this.#text += this.#decoder.write(chunk);
    if (this.#stream) this.#readLines();
    else if (this.#text.length > maxJsonChars) this.#text = "";
  }

  /** What the reply used, as far as it came: a cancelled one has said part of it. */
  usage(): ReplyUsage | undefined {
    if (this.#stream) this.#readLine(this.#text);
    else this.#readJson(this.#text);
    this.#text = "";
    return this.#usage;
  }

  #readLines(): void {
    let start = 0;
    for (let end = this.#text.indexOf("\n"); end >= 0; end = this.#text.indexOf("\n", start)) {
      this.#readLine(this.#text.slice(start, end));
      start = end + 1;
    }
    this.#text = this.#text.slice(start);
    if (this.#text.length <= maxLineChars) return;
    this.#text = "";
    this.#skipping = true;
  }

  #readLine(line: string): void {
    if (this.#skipping) {
      this.#skipping = false;
      return;
    }
    // Parsing every word of the model would double the work: only pieces with usage matter.
    if (line.startsWith("data:") && /usage/i.test(line)) this.#readJson(line.slice(5));
  }

  #readJson(text: string): void {
    try {
      this.#usage = addPiece(this.#shape, this.#usage, JSON.parse(text));
    } catch {
      // Cut off, or no JSON.
    }
  }
}

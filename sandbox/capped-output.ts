/** Keeps the head and the tail of a stream that may be larger than memory. */
export class CappedOutput {
  readonly #headBytes: number;
  readonly #tailBytes: number;
  readonly #head: Buffer[] = [];
  #headSize = 0;
  #tail: Buffer[] = [];
  #tailSize = 0;
  #dropped = 0;

  constructor(maxBytes: number) {
    this.#headBytes = Math.ceil(maxBytes / 2);
    this.#tailBytes = maxBytes - this.#headBytes;
  }

  get truncated(): boolean {
    return this.#dropped > 0;
  }

  push(bytes: Buffer): void {
    const head = bytes.subarray(0, this.#headBytes - this.#headSize);
    if (head.length > 0) {
      this.#head.push(head);
      this.#headSize += head.length;
    }
    const rest = bytes.subarray(head.length);
    if (rest.length === 0) return;
    this.#tail.push(rest);
    this.#tailSize += rest.length;
    this.#trim();
  }

  /** Drops whole chunks from the front of the tail, and the front of the first that is left. */
  #trim(): void {
    while (this.#tailSize > this.#tailBytes) {
      const first = this.#tail[0];
      if (first === undefined) return;
      const excess = Math.min(first.length, this.#tailSize - this.#tailBytes);
      if (excess === first.length) this.#tail.shift();
      else this.#tail[0] = first.subarray(excess);
      this.#tailSize -= excess;
      this.#dropped += excess;
    }
  }

  /** The text, with one line that says how much is missing where something is. */
  text(): string {
    const gap = this.truncated ? [Buffer.from(`\n[… ${this.#dropped} bytes left out …]\n`)] : [];
    return Buffer.concat([...this.#head, ...gap, ...this.#tail]).toString("utf8");
  }
}

import type { SandboxProcess } from "../../sandbox/sandbox.ts";

type Chunk = { readonly offset: number; readonly bytes: Buffer };

/**
 * A process's output as one read that may be waited for several times (with deadlines between).
 * Disposing ends the read that is under way, and with it the file that it holds open.
 */
export class Following implements Disposable {
  readonly #ended = new AbortController();
  readonly #chunks: AsyncIterator<Chunk>;
  #next: Promise<IteratorResult<Chunk>> | undefined;

  constructor(process: SandboxProcess, fromOffset: number, signal: AbortSignal) {
    const either = AbortSignal.any([signal, this.#ended.signal]);
    this.#chunks = process.output(fromOffset, either)[Symbol.asyncIterator]();
  }

  /** The chunk after the last one that was taken; asked again it is the same read. */
  next(): Promise<IteratorResult<Chunk>> {
    if (!this.#next) {
      this.#next = this.#chunks.next();
      // An abandoned read may fail after nobody waits for it.
      this.#next.catch(() => undefined);
    }
    return this.#next;
  }

  /** The chunk is in hand: `next` goes on. */
  taken(): void {
    this.#next = undefined;
  }

  [Symbol.dispose](): void {
    this.#ended.abort();
    this.#chunks.return?.().catch(() => undefined);
  }
}

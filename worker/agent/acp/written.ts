import type { SandboxProcess } from "../../../sandbox/sandbox.ts";
import { within } from "../within.ts";
import { parseFrame, type RpcId } from "./frames.ts";
import { promptKeyOf, type Send } from "./sends.ts";

/**
 * What was written to the agent so far, by whichever driver. The keeper's input spool is the truth:
 * a driver may die between writing and storing, so each message is written only if it is not there.
 */
export class WrittenInput {
  readonly #process: SandboxProcess;
  readonly #requests = new Set<RpcId>();
  readonly #answers = new Set<RpcId>();
  /** Keys of the prompts by their ids, in the order in which they were written. */
  readonly #prompts = new Map<RpcId, string>();
  #cancelledKey: string | undefined;
  #torn = false;

  private constructor(process: SandboxProcess) {
    this.#process = process;
  }

  /** Reads the input spool of a process. */
  static async read(process: SandboxProcess): Promise<WrittenInput> {
    const written = new WrittenInput(process);
    const text = (await process.inputSoFar()).toString("utf8");
    for (const line of text.split("\n")) written.#note(line);
    written.#torn = text !== "" && !text.endsWith("\n");
    return written;
  }

  /** Writes a message unless it is there; answers whether it wrote. */
  async write(send: Send): Promise<boolean> {
    if (this.#holds(send)) return false;
    const line = JSON.stringify({ jsonrpc: "2.0", ...send });
    // Noted first: two callers at once must not both write.
    this.#note(line);
    const torn = this.#torn;
    this.#torn = false;
    try {
      await this.#process.write(`${torn ? "\n" : ""}${line}\n`);
    } catch (error) {
      // Who has ended reads nothing; its exit is told by the news.
      if (!(await hasEnded(this.#process))) throw error;
    }
    return true;
  }

  hasAnswered(id: RpcId): boolean {
    return this.#answers.has(id);
  }

  hasPrompt(key: string): boolean {
    return [...this.#prompts.values()].includes(key);
  }

  promptCount(): number {
    return this.#prompts.size;
  }

  /** Key of the prompt that a response belongs to. */
  promptKey(id: RpcId): string | undefined {
    return this.#prompts.get(id);
  }

  /** Key of the last prompt that was written. */
  lastPromptKey(): string | undefined {
    return [...this.#prompts.values()].at(-1);
  }

  #holds(send: Send): boolean {
    if ("id" in send) {
      return "method" in send ? this.#requests.has(send.id) : this.#answers.has(send.id);
    }
    return send.method === "session/cancel" && this.#cancelledKey === this.lastPromptKey();
  }

  #note(line: string): void {
    const frame = parseFrame(line);
    if (frame.kind === "request") {
      this.#requests.add(frame.id);
      const key = promptKeyOf(frame.params);
      if (key !== undefined) this.#prompts.set(frame.id, key);
    }
    if (frame.kind === "result" || frame.kind === "error") this.#answers.add(frame.id);
    if (frame.kind === "notification" && frame.method === "session/cancel")
      this.#cancelledKey = this.lastPromptKey();
  }
}

async function hasEnded(process: SandboxProcess): Promise<boolean> {
  const ended = process.exited().then(
    () => true,
    () => false,
  );
  return (await within(ended, Date.now() + 1_000)) === true;
}

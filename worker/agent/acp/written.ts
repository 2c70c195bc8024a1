import type { SandboxProcess } from "../../../sandbox/sandbox.ts";
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
  #lastPromptKey: string | undefined;
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
    await this.#process.write(`${this.#torn ? "\n" : ""}${line}\n`);
    this.#torn = false;
    return true;
  }

  hasAnswered(id: RpcId): boolean {
    return this.#answers.has(id);
  }

  hasPrompt(key: string): boolean {
    return this.#requests.has(`prompt-${key}`);
  }

  /** Key of the last prompt that was written. */
  lastPromptKey(): string | undefined {
    return this.#lastPromptKey;
  }

  #holds(send: Send): boolean {
    if ("id" in send) {
      return "method" in send ? this.#requests.has(send.id) : this.#answers.has(send.id);
    }
    return send.method === "session/cancel" && this.#cancelledKey === this.#lastPromptKey;
  }

  #note(line: string): void {
    const frame = parseFrame(line);
    if (frame.kind === "request") {
      this.#requests.add(frame.id);
      this.#lastPromptKey = promptKeyOf(frame.id) ?? this.#lastPromptKey;
    }
    if (frame.kind === "result" || frame.kind === "error") this.#answers.add(frame.id);
    if (frame.kind === "notification" && frame.method === "session/cancel")
      this.#cancelledKey = this.#lastPromptKey;
  }
}

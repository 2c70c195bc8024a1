import { createHash } from "node:crypto";
import type { SandboxProcess } from "../../../sandbox/sandbox.ts";
import {
  type Agent,
  AgentBusyError,
  type AgentHappening,
  type AgentNews,
  type AgentOptions,
  type AgentPermission,
  type AgentStopReason,
  type AgentTool,
  PermissionGoneError,
} from "../agent.ts";
import type { TerminalProfile } from "../profile.ts";
import type { TerminalSaved } from "../saved.ts";
import { within } from "../within.ts";
import { startTurn, turnName } from "./turn.ts";
import { lastExcerpt, watchTurn } from "./watch.ts";

const killAfterMs = 5_000;

/** Opens (or adopts) a command line as an agent: each prompt is a new process in a terminal. */
export async function openTerminalAgent(
  options: AgentOptions,
  profile: TerminalProfile,
): Promise<Agent> {
  const saved = options.saved?.kind === "terminal" ? options.saved : undefined;
  return new TerminalAgent(options, profile, saved ?? firstState());
}

function firstState(): TerminalSaved {
  return {
    version: 1,
    kind: "terminal",
    started: false,
    cancelled: false,
    resultTold: false,
    shown: "",
    ended: [],
  };
}

/**
 * Speaks with a program that knows no protocol: its screen is told as one tool's output, its exit
 * ends the turn. What is needed to go on is the prompt's key, since it names the process.
 */
class TerminalAgent implements Agent {
  readonly #options: AgentOptions;
  readonly #profile: TerminalProfile;
  readonly #abort = new AbortController();
  #state: TerminalSaved;
  #wake: (() => void) | undefined;

  constructor(options: AgentOptions, profile: TerminalProfile, state: TerminalSaved) {
    this.#options = options;
    this.#profile = profile;
    this.#state = state;
    this.#abort.signal.addEventListener("abort", () => this.#wake?.());
  }

  async *news(): AsyncGenerator<AgentNews> {
    const { title } = this.#profile;
    if (!this.#state.started) {
      this.#state = { ...this.#state, started: true };
      yield this.#tell({
        kind: "started",
        sessionId: "terminal",
        name: title,
        version: "",
        resumed: false,
      });
    }
    while (!this.#abort.signal.aborted) {
      const key = this.#state.promptKey;
      const process = key && (await this.#options.sandbox.process(turnName(key)));
      if (key && process) yield* this.#turn(key, process);
      else await this.#nextPrompt();
    }
  }

  async prompt(key: string, text: string): Promise<void> {
    if (this.#state.ended.includes(key)) return;
    const busy = this.#state.promptKey;
    if (busy !== undefined && busy !== key) throw new AgentBusyError(busy);
    await startTurn(this.#options, this.#profile, key, text);
    if (busy === undefined)
      this.#state = {
        ...this.#state,
        promptKey: key,
        cancelled: false,
        resultTold: false,
        shown: "",
      };
    this.#wake?.();
  }

  async answer(requestId: string): Promise<void> {
    throw new PermissionGoneError(requestId);
  }

  async cancel(): Promise<void> {
    const key = this.#state.promptKey;
    const process = key && (await this.#options.sandbox.process(turnName(key)));
    if (!process) return;
    this.#state = { ...this.#state, cancelled: true };
    await process.kill("SIGINT");
    if ((await within(process.exited(), Date.now() + killAfterMs)) === "late")
      await process.kill("SIGKILL");
  }

  openPermissions(): readonly AgentPermission[] {
    return [];
  }

  promptInFlight(): string | undefined {
    return this.#state.promptKey;
  }

  saved(): TerminalSaved {
    return structuredClone(this.#state);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#abort.abort();
  }

  async *#turn(key: string, process: SandboxProcess): AsyncGenerator<AgentNews> {
    const { excerptMs = 3_000 } = this.#options.timing ?? {};
    const { signal } = this.#abort;
    if (!this.#state.resultTold) {
      for await (const output of watchTurn(process, excerptMs, signal)) {
        const shown = hashOf(output);
        if (shown === this.#state.shown) continue;
        this.#state = { ...this.#state, shown };
        yield this.#tellTool(key, { status: "in_progress", output });
      }
    }
    if (signal.aborted) return;
    const exit = await process.exited();
    const failed = exit.exitCode !== 0;
    if (!this.#state.resultTold) {
      this.#state = { ...this.#state, resultTold: true };
      yield this.#tellTool(key, {
        status: failed ? "failed" : "completed",
        output: await lastExcerpt(process),
        ...(exit.exitCode !== null && { exitCode: exit.exitCode }),
      });
    }
    const { cancelled } = this.#state;
    const { promptKey: _, ...rest } = this.#state;
    this.#state = { ...rest, cancelled: false, ended: [...rest.ended, key].slice(-8) };
    const stopReason: AgentStopReason = cancelled ? "cancelled" : failed ? "failed" : "end_turn";
    const sentence = failed && !cancelled ? exitSentence(exit) : undefined;
    yield this.#tell({
      kind: "turn-ended",
      promptKey: key,
      stopReason,
      ...(sentence !== undefined && { sentence }),
    });
  }

  #tellTool(key: string, tool: Pick<AgentTool, "status" | "output" | "exitCode">): AgentNews {
    const { title, commandLine } = this.#profile;
    return this.#tell({
      kind: "tool",
      tool: { id: `terminal-${key}`, title, kind: "execute", command: commandLine, ...tool },
    });
  }

  #tell(happening: AgentHappening): AgentNews {
    return { happening, saved: this.saved() };
  }

  async #nextPrompt(): Promise<void> {
    await new Promise<void>((resolve) => {
      this.#wake = resolve;
      if (this.#abort.signal.aborted) resolve();
    });
    this.#wake = undefined;
  }
}

function hashOf(text: string): string {
  return createHash("sha1").update(text).digest("base64");
}

function exitSentence(exit: {
  readonly exitCode: number | null;
  readonly signal: string | null;
  readonly outOfMemory: boolean;
}): string {
  if (exit.outOfMemory) return "The command was killed by the memory limit of its sandbox.";
  if (exit.signal) return `The command was ended by ${exit.signal}.`;
  return `The command ended with exit code ${exit.exitCode}.`;
}

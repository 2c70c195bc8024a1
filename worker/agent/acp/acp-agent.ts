import type { SandboxProcess } from "../../../sandbox/sandbox.ts";
import {
  type Agent,
  AgentBusyError,
  type AgentNews,
  type AgentOptions,
  type AgentPermission,
  type AgentTiming,
  PermissionGoneError,
} from "../agent.ts";
import type { AcpProfile } from "../profile.ts";
import type { AcpSaved } from "../saved.ts";
import { beginProcess } from "./begin.ts";
import type { AcpHold } from "./hold.ts";
import { describePermission } from "./permissions.ts";
import { pumpNews } from "./pump.ts";
import { answerSend, cancelSend, dueSend, promptSend, type Send } from "./sends.ts";
import { WrittenInput } from "./written.ts";

const defaultTiming: AgentTiming = {
  drainMs: 200,
  startMs: 180_000,
  silentMs: 600_000,
  excerptMs: 3_000,
};

/** Starts or adopts an agent that speaks ACP over its stdio. */
export async function openAcpAgent(options: AgentOptions, profile: AcpProfile): Promise<Agent> {
  const { state, process } = await beginProcess(options, profile);
  const written = await WrittenInput.read(process);
  return new AcpAgent(state, process, written, {
    cwd: options.cwd,
    modeIds: profile.modes[options.mode],
    mustAsk: options.mode === "ask",
    howToConfigure: profile.howToConfigure,
    promptKey: (id) => written.promptKey(id),
    timing: { ...defaultTiming, ...options.timing },
  });
}

/**
 * The SDK's own connection keeps its pending requests in memory and wants the stream from its
 * beginning, so it cannot take over a conversation in the middle. Hence this thin pump: the spool
 * is read by offset, a pure machine turns frames into happenings, and everything that is written
 * has an id that tells whether it was written before.
 */
class AcpAgent implements Agent {
  readonly #hold: AcpHold;
  readonly #written: WrittenInput;
  readonly #abort = new AbortController();
  #pending: { readonly key: string; readonly text: string } | undefined;

  constructor(
    state: AcpSaved,
    process: SandboxProcess,
    written: WrittenInput,
    settings: AcpHold["settings"],
  ) {
    this.#written = written;
    this.#hold = {
      state,
      process,
      settings,
      signal: this.#abort.signal,
      write: (next, sends) => this.#write(next, sends),
      promptInFlight: () => this.promptInFlight(),
      waitsForPerson: () => this.openPermissions().length > 0,
    };
  }

  news(): AsyncIterable<AgentNews> {
    return pumpNews(this.#hold);
  }

  async prompt(key: string, text: string): Promise<void> {
    if (this.#hold.state.ended.includes(key) || this.#written.hasPrompt(key)) return;
    const busy = this.promptInFlight();
    if (busy !== undefined && busy !== key) throw new AgentBusyError(busy);
    this.#pending = { key, text };
    await this.#write(this.#hold.state, []);
  }

  async answer(requestId: string, optionId: string | undefined): Promise<void> {
    const open = this.#hold.state.permissions.find((one) => one.requestId === requestId);
    if (!open) {
      if (this.#wasAnswered(requestId)) return;
      throw new PermissionGoneError(requestId);
    }
    await this.#written.write(answerSend(open.rpcId, optionId));
  }

  async cancel(): Promise<void> {
    const { state } = this.#hold;
    this.#pending = undefined;
    if (state.sessionId === undefined || this.promptInFlight() === undefined) return;
    await this.#written.write(cancelSend(state.sessionId));
    for (const open of state.permissions)
      await this.#written.write(answerSend(open.rpcId, undefined));
  }

  openPermissions(): readonly AgentPermission[] {
    const { state } = this.#hold;
    if (state.exited) return [];
    return state.permissions
      .filter((open) => !this.#written.hasAnswered(open.rpcId))
      .map((open) => describePermission(state, open));
  }

  promptInFlight(): string | undefined {
    const key = this.#pending?.key ?? this.#written.lastPromptKey();
    return key === undefined || this.#hold.state.ended.includes(key) ? undefined : key;
  }

  saved(): AcpSaved {
    return structuredClone(this.#hold.state);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#abort.abort();
  }

  async #write(state: AcpSaved, sends: readonly Send[]): Promise<void> {
    for (const send of sends) await this.#written.write(send);
    state.permissions = state.permissions.filter((open) => !this.#written.hasAnswered(open.rpcId));
    const due = dueSend(state, this.#hold.settings.cwd);
    if (due) await this.#written.write(due);
    const pending = this.#pending;
    if (!pending || state.phase !== "ready" || state.sessionId === undefined) return;
    this.#pending = undefined;
    const nth = this.#written.promptCount();
    await this.#written.write(promptSend(state.sessionId, pending.key, pending.text, nth));
  }

  /** The id carries the process and the JSON-RPC id, which may be a number or a text. */
  #wasAnswered(requestId: string): boolean {
    const prefix = `${this.#hold.state.process}:`;
    if (!requestId.startsWith(prefix)) return false;
    const rpcId = requestId.slice(prefix.length);
    return this.#written.hasAnswered(rpcId) || this.#written.hasAnswered(Number(rpcId));
  }
}

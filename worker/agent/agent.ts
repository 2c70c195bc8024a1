import type { Exit, Sandbox } from "../../sandbox/sandbox.ts";
import type { AgentProfile } from "./profile.ts";
import type { AgentSaved } from "./saved.ts";

/** An option of a permission request, as the agent gives it; key behaviour on `kind`. */
export interface AgentOption {
  readonly id: string;
  readonly name: string;
  readonly kind: "allow_once" | "allow_always" | "reject_once" | "reject_always";
}

/** What the agent is doing, or did, with one tool; later ones of the same `id` replace earlier ones. */
export interface AgentTool {
  readonly id: string;
  readonly title: string;
  /** ACP's kinds: read, edit, delete, move, search, execute, think, fetch, switch_mode, other. */
  readonly kind: string;
  readonly status: "pending" | "in_progress" | "completed" | "failed";
  readonly command?: string;
  /** Last lines as a terminal would show them; untrusted text. */
  readonly output?: string;
  readonly exitCode?: number;
  /** Relative to the workspace where it lies inside it. */
  readonly path?: string;
  /** Lines of the agent's own edit; for excerpts only, the truth about files is jj's. */
  readonly added?: number;
  readonly removed?: number;
}

export interface AgentPermission {
  /** Unique over all processes of the task's agent. */
  readonly requestId: string;
  readonly title: string;
  readonly options: readonly AgentOption[];
  readonly tool?: AgentTool;
}

export interface AgentPlanEntry {
  readonly content: string;
  readonly status: "pending" | "in_progress" | "completed";
}

/** Why a turn ended. `failed` carries the sentence; `end_turn` is the good end. */
export type AgentStopReason =
  | "end_turn"
  | "max_tokens"
  | "max_turn_requests"
  | "refusal"
  | "cancelled"
  | "failed";

/** Something that went wrong and that a person should be told, once. */
export type AgentTroubleKind =
  | "not-configured"
  | "cannot-start"
  | "no-answer"
  | "silent"
  | "not-protocol"
  | "frame-too-large"
  | "unknown-frame"
  | "mode-refused"
  | "conversation-lost";

export type AgentHappening =
  | {
      readonly kind: "started";
      readonly sessionId: string;
      readonly name: string;
      readonly version: string;
      /** The earlier conversation goes on (`session/load` or `resume`). */
      readonly resumed: boolean;
    }
  /** `text` is the whole message so far; after `final` a new message begins. */
  | { readonly kind: "said"; readonly text: string; readonly final: boolean }
  | { readonly kind: "plan"; readonly entries: readonly AgentPlanEntry[] }
  | ({ readonly kind: "tool" } & { readonly tool: AgentTool })
  | { readonly kind: "permission"; readonly permission: AgentPermission }
  /** The request needs no answer any more: it was answered, cancelled, or its process died. */
  | { readonly kind: "permission-closed"; readonly requestId: string }
  | {
      readonly kind: "turn-ended";
      readonly promptKey: string;
      readonly stopReason: AgentStopReason;
      readonly sentence?: string;
    }
  | { readonly kind: "exited"; readonly exit: Exit; readonly lastLines: readonly string[] }
  | {
      readonly kind: "trouble";
      readonly trouble: AgentTroubleKind;
      readonly sentence: string;
      /** Nothing more will come of this process. */
      readonly fatal: boolean;
    };

/** A happening and the state to store in the same transition that publishes it. */
export interface AgentNews {
  readonly happening: AgentHappening;
  readonly saved: AgentSaved;
}

/**
 * A running agent as its driver holds it. Disposing lets go and leaves it running: another driver
 * adopts it with `openAgent({ saved })` and gets exactly the news that was not yet stored.
 */
export interface Agent extends AsyncDisposable {
  /**
   * News from where `saved` stopped. One reader. Ends after `exited`, after a fatal trouble, or when
   * disposed. Nothing is read from the agent while nobody reads here.
   */
  news(): AsyncIterable<AgentNews>;
  /**
   * Gives the agent its next prompt, at once or as soon as it is ready. `key` names the prompt
   * (`[a-z0-9-]+`): the same key again, also by a later driver, is a no-op. One prompt at a time:
   * rejects with AgentBusyError while another is in flight.
   */
  prompt(key: string, text: string): Promise<void>;
  /** Answers a permission request; no option: cancelled. Answering twice is a no-op. */
  answer(requestId: string, optionId: string | undefined): Promise<void>;
  /** Asks the agent to end its turn; open permission requests are answered "cancelled". */
  cancel(): Promise<void>;
  /** Permission requests that wait for an answer, as of the news read so far. */
  openPermissions(): readonly AgentPermission[];
  /** Key of the prompt that the agent works on, as of the news read so far. */
  promptInFlight(): string | undefined;
  saved(): AgentSaved;
}

/** A second prompt while one is in flight; agents differ too much in what they do with it. */
export class AgentBusyError extends Error {
  readonly promptKey: string;
  constructor(promptKey: string) {
    super(`The agent still works on its prompt ${promptKey}.`);
    this.name = "AgentBusyError";
    this.promptKey = promptKey;
  }
}

/** The answer names no open request: its process has died, or it was cancelled. */
export class PermissionGoneError extends Error {
  readonly requestId: string;
  constructor(requestId: string) {
    super("This question is no longer open.");
    this.name = "PermissionGoneError";
    this.requestId = requestId;
  }
}

export interface AgentOptions {
  readonly profile: AgentProfile;
  readonly sandbox: Pick<Sandbox, "start" | "process" | "exec">;
  /** Workspace as the agent sees it. */
  readonly cwd: string;
  /** HOME inside, kept across the runs of a task; never in the workspace. */
  readonly home: string;
  /** Added to the profile's own environment; wins over it. */
  readonly env: Readonly<Record<string, string>>;
  /** As stored with the last news. */
  readonly saved?: AgentSaved;
  /** `ask`: the agent asks before it edits or runs; `bypass`: it does not. */
  readonly mode: "ask" | "bypass";
  readonly timing?: Partial<AgentTiming>;
}

export interface AgentTiming {
  /** Quiet after the end of a turn before it is told. */
  readonly drainMs: number;
  /** Longest wait for the answers to initialize and session/new; cold disks take 25 s. */
  readonly startMs: number;
  /** Silence within a turn, with no question open, that is told once. */
  readonly silentMs: number;
  /** Least time between two excerpts of a terminal. */
  readonly excerptMs: number;
}

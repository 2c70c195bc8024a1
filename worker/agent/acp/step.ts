import type { AgentHappening, AgentTroubleKind } from "../agent.ts";
import type { AcpSaved } from "../saved.ts";
import type { RpcId } from "./frames.ts";
import type { Send } from "./sends.ts";

/** What one frame leads to. Sends are written before the happenings are told. */
export interface Step {
  readonly happenings: AgentHappening[];
  readonly sends: Send[];
}

export interface MachineSettings {
  readonly cwd: string;
  /** Ids of the mode to set; the first that the agent knows. */
  readonly modeIds: readonly string[];
  /** The mode is one in which it asks: where it has none, a person is told. */
  readonly mustAsk: boolean;
  /** What to do when the agent wants to be signed in. */
  readonly howToConfigure: string;
  /** Key of the prompt that was written under this id. */
  readonly promptKey: (id: RpcId) => string | undefined;
}

/** Trouble that is told once for each process. */
export function tellOnce(
  state: AcpSaved,
  trouble: AgentTroubleKind,
  sentence: string,
  fatal = false,
): AgentHappening[] {
  if (state.told.includes(trouble)) return [];
  state.told = [...state.told, trouble];
  if (fatal) state.phase = "failed";
  return [{ kind: "trouble", trouble, sentence, fatal }];
}

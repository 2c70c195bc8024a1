import type { SandboxProcess } from "../../../sandbox/sandbox.ts";
import type { AgentTiming } from "../agent.ts";
import type { AcpSaved } from "../saved.ts";
import type { Send } from "./sends.ts";
import type { MachineSettings } from "./step.ts";

/** State and settings that the pump works on; one per opened agent. */
export interface AcpHold {
  state: AcpSaved;
  readonly process: SandboxProcess;
  readonly settings: MachineSettings & { readonly timing: AgentTiming };
  readonly signal: AbortSignal;
  /** Writes what the state waits for, and these; before anything is told of it. */
  write(state: AcpSaved, sends: readonly Send[]): Promise<void>;
  promptInFlight(): string | undefined;
  waitsForPerson(): boolean;
}

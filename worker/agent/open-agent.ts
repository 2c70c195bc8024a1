import { openAcpAgent } from "./acp/acp-agent.ts";
import type { Agent, AgentOptions } from "./agent.ts";
import { openTerminalAgent } from "./terminal/terminal-agent.ts";

/** Starts the agent, or adopts the one that `saved` tells of. */
export function openAgent(options: AgentOptions): Promise<Agent> {
  if (options.profile.kind === "terminal") return openTerminalAgent(options, options.profile);
  return openAcpAgent(options, options.profile);
}

import type { AgentProfile } from "./profile.ts";
import { profiles, terminalProfile } from "./profiles.ts";
export function parseAgentChoice(text: string): AgentProfile {
  return profiles.find((p) => p.name === text) ?? terminalProfile(text);
}

import type { StateFolder } from "../../sandbox/state-folder.ts";
import type { AgentProfile } from "./profile.ts";
export async function installedBinds(
  _folder: StateFolder,
  _profile: AgentProfile,
): Promise<{ source: string; target: string }[]> {
  return [];
}

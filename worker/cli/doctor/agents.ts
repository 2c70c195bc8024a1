import { existsSync } from "node:fs";
import { join } from "node:path";
import { type HostCheck, ok, optional } from "../../../sandbox/host-check.ts";
import type { StateFolder } from "../../../sandbox/state-folder.ts";
import { profiles } from "../../agent/profiles.ts";

/** Which agents could be started now; none of them is needed for the others. */
export function checkAgents(
  folder: StateFolder,
  exists: (path: string) => boolean = existsSync,
): HostCheck[] {
  return profiles.map((profile) => {
    const item = `agent ${profile.name}`;
    if (profile.install === undefined) return ok(item, `${profile.title}, ships with colony`);
    if (exists(join(folder.agents, `${profile.name}@${profile.version}`)))
      return ok(item, `${profile.title} ${profile.version}`);
    return optional(
      item,
      `${profile.title} is not installed.`,
      `colony agents install ${profile.name}`,
    );
  });
}

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { stateFolder } from "../../../sandbox/state-folder.ts";
import { parseAgentChoice } from "../../../worker/agent/choice.ts";
import { agentBinds } from "../../../worker/agent/installed.ts";

test("a known agent that is not on this host is told, with the command that gets it", async () => {
  const home = mkdtempSync(join(tmpdir(), "colony-agents-"));
  const profile = parseAgentChoice("codex");
  if (profile.kind !== "acp") throw new Error("codex speaks no protocol");
  await expect(agentBinds(stateFolder(home, home), profile)).rejects.toMatchObject({
    kind: "agent-missing",
    message: "Codex is not installed here. Get it with: colony agents install codex",
  });
  rmSync(home, { recursive: true });
});

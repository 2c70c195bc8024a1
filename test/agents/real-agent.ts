import { mkdtempSync, rmSync } from "node:fs";
import { dirname } from "node:path";
import { type StateFolder, stateFolder } from "../../sandbox/state-folder.ts";
import type { AgentHappening } from "../../worker/agent/agent.ts";
import { agentFolder, installAgent } from "../../worker/agent/installed.ts";
import type { AcpProfile } from "../../worker/agent/profile.ts";
import { profiles } from "../../worker/agent/profiles.ts";
import type { Place } from "../integration/agent/driving.ts";
import { SpooledProcesses } from "../integration/agent/spooled-processes.ts";
import { type OfflineModel, openOfflineModel } from "../model/offline-model.ts";

/** A real agent program against the offline model. */
export interface RealAgent extends AsyncDisposable {
  readonly profile: AcpProfile;
  readonly processes: Place;
  readonly model: OfflineModel;
}

/** Without a sandbox: installs the agent where it is missing, points its profile at the model. */
export async function openBareAgent(name: string): Promise<RealAgent> {
  const { known, folder } = await installed(name);
  // Not below the temporary folder: Codex refuses a HOME there.
  const place = mkdtempSync("/var/tmp/colony-agent-");
  const processes = new SpooledProcesses(place);
  const model = await openOfflineModel(processes.workspace);
  const real = (text: string): string =>
    text
      .replace("/opt/colony/bin/node", process.execPath)
      .replace("/opt/colony/bin", dirname(process.execPath))
      .replace(`/opt/agents/${name}`, agentFolder(folder, known))
      .replaceAll("http://127.0.0.1:4010", model.url);
  const env = Object.entries(known.env).map(([key, value]) => [key, real(value)]);
  const profile: AcpProfile = {
    ...known,
    command: known.command.map(real),
    env: { ...Object.fromEntries(env), ...offlineEnv(name) },
    files: (mode) => known.files(mode).map((file) => ({ ...file, content: real(file.content) })),
  };
  return {
    profile,
    processes,
    model,
    async [Symbol.asyncDispose]() {
      processes[Symbol.dispose]();
      await model[Symbol.asyncDispose]();
      rmSync(place, { recursive: true, force: true });
    },
  };
}

/** The profile of an agent that is there; installs it where it is missing. */
export async function installed(
  name: string,
): Promise<{ readonly known: AcpProfile; readonly folder: StateFolder }> {
  const known = profiles.find((profile) => profile.name === name);
  if (!known) throw new Error(`no profile ${name}`);
  const shared = process.env.COLONY_SHARED ?? "/var/lib/colony/shared";
  const folder = stateFolder(shared, shared);
  const { PATH = "", HOME = "/root" } = process.env;
  await installAgent(folder, known, { PATH, HOME });
  return { known, folder };
}

/** Codex's newest models write JavaScript instead of calling tools; the offline model cannot. */
export function offlineEnv(name: string): Record<string, string> {
  return name === "codex" ? { CODEX_CONFIG: '{"model":"gpt-5.5"}' } : {};
}

/** What must be the same in two runs, without the model's random ids. */
export function essence(happenings: readonly AgentHappening[]): unknown[] {
  return happenings.flatMap((one): unknown[] => {
    if (one.kind === "said") return one.final ? [{ said: one.text }] : [];
    if (one.kind === "permission")
      return [{ asks: one.permission.options.map((option) => option.kind) }];
    if (one.kind === "turn-ended") return [{ ended: one.stopReason }];
    if (one.kind !== "tool" || one.tool.status !== "completed") return [];
    const { kind, command, path, exitCode } = one.tool;
    return [{ did: kind, command, path, exitCode }];
  });
}

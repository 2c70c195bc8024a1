import type { SandboxProcess } from "../../../sandbox/sandbox.ts";
import type { AgentOptions } from "../agent.ts";
import { prepareHome } from "../home.ts";
import type { AcpProfile } from "../profile.ts";
import type { AcpSaved, AgentSaved } from "../saved.ts";

/** Adopts the process that `saved` tells of, or starts the next one. */
export async function beginProcess(
  options: AgentOptions,
  profile: AcpProfile,
): Promise<{ state: AcpSaved; process: SandboxProcess }> {
  const saved = options.saved?.kind === "acp" ? options.saved : undefined;
  if (saved && !saved.exited) {
    const process = await options.sandbox.process(saved.process);
    if (process) return { state: saved, process };
  }
  const state = firstState(profile, saved);
  await prepareHome(options.sandbox, options.home, profile.files(options.mode));
  // The name makes this a no-op for a driver that follows one which died before it stored a word.
  const process = await options.sandbox.start({
    name: state.process,
    argv: profile.command,
    env: { ...profile.env, HOME: options.home, ...options.env },
    cwd: options.cwd,
  });
  return { state, process };
}

function firstState(profile: AcpProfile, saved: AgentSaved | undefined): AcpSaved {
  const earlier = saved?.kind === "acp" ? saved : undefined;
  const generation = (earlier?.generation ?? 0) + 1;
  const earlierSessionId = earlier?.sessionId ?? earlier?.earlierSessionId;
  return {
    version: 1,
    kind: "acp",
    process: `agent-${generation}`,
    generation,
    offset: 0,
    skip: 0,
    discarding: false,
    phase: "initialising",
    agentName: profile.title,
    agentVersion: profile.version,
    canLoad: false,
    canResume: false,
    ...(earlierSessionId !== undefined && { earlierSessionId }),
    message: "",
    messageTold: 0,
    tools: {},
    permissions: [],
    ended: earlier?.ended ?? [],
    told: [],
    exited: false,
  };
}

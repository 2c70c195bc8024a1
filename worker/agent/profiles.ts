import {
  claudeProfile,
  codexProfile,
  geminiProfile,
  opencodeProfile,
  piProfile,
} from "./known-agents.ts";
import type { AcpProfile, TerminalProfile } from "./profile.ts";

/** The agent that ships with us. */
export const scriptedProfile: AcpProfile = {
  kind: "acp",
  name: "scripted",
  title: "Scripted agent",
  version: "1",
  scripted: true,
  // Its file ends in .ts, or in .js where the program was packed with its types stripped.
  command: ["sh", "-c", "exec /opt/colony/bin/node /opt/colony/worker/agent/scripted/main.[jt]s"],
  env: {},
  files: () => [],
  modes: { ask: ["ask"], bypass: ["bypass"] },
  keyNames: [],
  howToConfigure: "It needs no key.",
};

/** All known profiles; the order decides which key makes the default. */
export const profiles: readonly AcpProfile[] = [
  scriptedProfile,
  claudeProfile,
  codexProfile,
  geminiProfile,
  opencodeProfile,
  piProfile,
];

export function terminalProfile(commandLine: string): TerminalProfile {
  return { kind: "terminal", name: "command", title: commandLine.slice(0, 80), commandLine };
}

/**
 * The agent that is used when nobody names one: the first whose key is there, else the scripted one.
 * `keyNames`: names of the host's variables that hold a key, as the gateway read them.
 */
export function decideDefaultAgent(keyNames: ReadonlySet<string>): AcpProfile {
  const withKey = profiles.find((profile) => profile.keyNames.some((name) => keyNames.has(name)));
  return withKey ?? scriptedProfile;
}

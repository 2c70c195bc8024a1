import { closest, distance } from "fastest-levenshtein";
import { acpCommandProfile } from "./configured.ts";
import type { AgentProfile } from "./profile.ts";
import { profiles, terminalProfile } from "./profiles.ts";

/** A single word that names no agent. */
export class UnknownAgentError extends Error {
  readonly kind = "agent-unknown";
  readonly agentName: string;
  readonly nearest: string | undefined;
  constructor(agentName: string, nearest: string | undefined, known: readonly string[]) {
    const hint = nearest === undefined ? "" : ` Did you mean ${nearest}?`;
    const names = known.join(", ");
    super(
      `There is no agent "${agentName}".${hint} Known: ${names}; or give a whole command line.`,
    );
    this.name = "UnknownAgentError";
    this.agentName = agentName;
    this.nearest = nearest;
  }
}

/**
 * What a person gave as `--agent`: the name of a profile (the administrator's win), `acp:` and a
 * command that speaks the protocol, else a command line for the terminal. A single word is a name,
 * since a command without any argument does nothing with a request; a path is a command.
 */
export function parseAgentChoice(
  text: string,
  configured: readonly AgentProfile[] = [],
): AgentProfile {
  const choice = text.trim();
  const known = [...configured, ...profiles];
  const profile = known.find((one) => one.name === choice.toLowerCase());
  if (profile) return profile;
  const [, acpLine] = /^acp:\s*(\S[\s\S]*)$/.exec(choice) ?? [];
  if (acpLine !== undefined) return acpCommandProfile(acpLine);
  if (choice !== "" && !/^[\w@.-]+$/.test(choice)) return terminalProfile(choice);
  const names = [...new Set(known.map((one) => one.name))];
  const nearest = closest(choice.toLowerCase(), names);
  const isNear = choice !== "" && distance(choice.toLowerCase(), nearest) <= 3;
  throw new UnknownAgentError(choice.slice(0, 80), isNear ? nearest : undefined, names);
}

import type { HomeFile } from "./home.ts";

/** An agent that speaks the Agent Client Protocol, as data. Adding one needs no code. */
export interface AcpProfile {
  readonly kind: "acp";
  readonly name: string;
  readonly title: string;
  readonly version: string;
  /** Plays scripts and asks no model; said wherever the agent is named. */
  readonly scripted: boolean;
  /** Absent: ships with us. Else installed below `agents/`, and seen at /opt/agents/<name>. */
  readonly install?: AgentInstall;
  /** Folder of the host in the place of an installed one. */
  readonly folder?: string;
  /** Inside the sandbox. Our Node is /opt/colony/bin/node: agents want a newer one than the host's. */
  readonly command: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  /** Configuration below HOME, written anew at each start. */
  readonly files: (mode: "ask" | "bypass") => readonly HomeFile[];
  /** Ids of the mode to set after `session/new`; the first that the agent offers. */
  readonly modes: Readonly<Record<"ask" | "bypass", readonly string[]>>;
  /** Ports that it listens on for itself: no previews. */
  readonly ownPorts?: readonly number[];
  /** Variables of the host, each of which makes this agent the default; the gateway keeps the key. */
  readonly keyNames: readonly string[];
  readonly howToConfigure: string;
}

export interface AgentInstall {
  readonly package: string;
  /** Packages that it wants beside it, each with its exact version. */
  readonly beside?: readonly string[];
  /** File below the installed folder that must be there, with `{arch}` for x64 or arm64. */
  readonly proof: string;
  /** Said before it is installed, where a licence asks for it. */
  readonly licence: string;
}

/** Any command line, in a terminal. */
export interface TerminalProfile {
  readonly kind: "terminal";
  readonly name: string;
  readonly title: string;
  readonly commandLine: string;
}

export type AgentProfile = AcpProfile | TerminalProfile;

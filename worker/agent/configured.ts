import { z } from "zod";
import type { AcpProfile, AgentProfile } from "./profile.ts";
import { terminalProfile } from "./profiles.ts";

const nameSchema = z.string().regex(/^[a-z][a-z0-9-]{0,31}$/, "a name of a-z, 0-9 and -");
const wordsSchema = z.union([z.string().min(1), z.array(z.string()).min(1)]);
const idsSchema = z.union([z.string(), z.array(z.string())]).transform((ids) => [ids].flat());

const definitionSchema = z.strictObject({
  title: z.string().max(80).optional(),
  /** `acp`: the Agent Client Protocol on its stdio. `terminal`: a command line on a screen. */
  protocol: z.enum(["acp", "terminal"]).default("acp"),
  /** As seen inside: argv, or a line for `sh -c`. */
  command: wordsSchema,
  /** Folder of the host that is seen, read-only, at /opt/agents/NAME. */
  folder: z.string().startsWith("/").optional(),
  /** npm package with its version, which `colony agents install NAME` puts there. */
  package: z
    .string()
    .regex(/^(@[\w.-]+\/)?[\w.-]+@\d[\w.+-]*$/, "a package with its exact version: name@1.2.3")
    .optional(),
  env: z.record(z.string(), z.string()).default({}),
  /** Files below HOME, by path, written at each start. */
  files: z.record(z.string().regex(/^[^/]/), z.string()).default({}),
  /** Ports that it listens on for itself: no previews. */
  ports: z.array(z.number().int().min(1).max(65_535)).default([]),
  /** Ids of the modes in which it asks, and in which it does not. */
  modes: z.strictObject({ ask: idsSchema.default([]), bypass: idsSchema.default([]) }).prefault({}),
});

/** `agents:` of the administrator's settings: agents that Colony does not know by itself. */
export const configuredAgentsSchema = z.record(nameSchema, definitionSchema);
export type ConfiguredAgents = z.infer<typeof configuredAgentsSchema>;

/** Profiles of the agents that the administrator described. */
export function configuredProfiles(agents: ConfiguredAgents | undefined): AgentProfile[] {
  return Object.entries(agents ?? {}).map(([name, definition]) => {
    const { command, protocol } = definition;
    const line = typeof command === "string" ? command : command.map(quote).join(" ");
    if (protocol === "terminal") return { ...terminalProfile(line), name };
    return acpProfile(name, definition);
  });
}

/** An ACP agent that was given as a bare command line (`--agent "acp:COMMAND"`). */
export function acpCommandProfile(line: string): AcpProfile {
  return acpProfile("acp", {
    title: line.slice(0, 80),
    protocol: "acp",
    command: line,
    env: {},
    files: {},
    ports: [],
    modes: { ask: [], bypass: [] },
  });
}

function acpProfile(name: string, definition: ConfiguredAgents[string]): AcpProfile {
  const { command, title = name, folder, files, env, modes } = definition;
  const at = definition.package?.lastIndexOf("@") ?? -1;
  return {
    kind: "acp",
    name,
    title,
    version: at < 0 ? "" : (definition.package?.slice(at + 1) ?? ""),
    scripted: false,
    ...(at > 0 && {
      install: {
        package: definition.package?.slice(0, at) ?? "",
        proof: "node_modules",
        licence: "see its package",
      },
    }),
    ...(folder !== undefined && { folder }),
    command: typeof command === "string" ? ["sh", "-c", `exec ${command}`] : command,
    env,
    files: () => Object.entries(files).map(([path, content]) => ({ path, content })),
    ownPorts: definition.ports,
    modes,
    keyNames: [],
    howToConfigure: "See its entry below `agents` in the settings of this installation.",
  };
}

function quote(word: string): string {
  return `'${word.replaceAll("'", "'\\''")}'`;
}

import { z } from "zod";

const toolSchema = z.object({
  title: z.string(),
  kind: z.string(),
  status: z.enum(["pending", "in_progress", "completed", "failed"]),
  command: z.string().optional(),
  path: z.string().optional(),
  added: z.number().optional(),
  removed: z.number().optional(),
  exitCode: z.number().optional(),
  /** Raw tail of the output, cut at a line. */
  tail: z.string().optional(),
  outputBytes: z.number(),
  /** `outputBytes` when it was last told. */
  toldBytes: z.number(),
});

/** A tool call as the ACP adapter remembers it between two frames. */
export type SavedTool = z.infer<typeof toolSchema>;

const permissionSchema = z.object({
  requestId: z.string(),
  rpcId: z.union([z.string(), z.number()]),
  title: z.string(),
  options: z.array(
    z.object({
      id: z.string(),
      name: z.string(),
      kind: z.enum(["allow_once", "allow_always", "reject_once", "reject_always"]),
    }),
  ),
  toolId: z.string().optional(),
});

/** An open permission request as the ACP adapter remembers it. */
export type SavedPermission = z.infer<typeof permissionSchema>;

const modeRequestSchema = z.object({
  method: z.enum(["session/set_mode", "session/set_config_option"]),
  params: z.record(z.string(), z.string()),
});

export const acpSavedSchema = z.object({
  version: z.literal(1),
  kind: z.literal("acp"),
  /** Name of the process in the sandbox; a new process of the same agent gets a new one. */
  process: z.string(),
  generation: z.number().int(),
  /** First byte of the spool that is not yet taken in. */
  offset: z.number().int(),
  /** News of the frame at `offset` that were already given. */
  skip: z.number().int(),
  /** In the middle of a frame that is too large, until its newline. */
  discarding: z.boolean(),
  phase: z.enum([
    "initialising",
    "creating",
    "loading",
    "resuming",
    "settling",
    "setting-mode",
    "ready",
    "failed",
  ]),
  agentName: z.string(),
  agentVersion: z.string(),
  canLoad: z.boolean(),
  canResume: z.boolean(),
  sessionId: z.string().optional(),
  /** Session of an earlier process that should go on. */
  earlierSessionId: z.string().optional(),
  modeRequest: modeRequestSchema.optional(),
  /** What the agent is saying, and how much of it was told. */
  message: z.string(),
  messageTold: z.number().int(),
  messageId: z.string().optional(),
  tools: z.record(z.string(), toolSchema),
  permissions: z.array(permissionSchema),
  draining: z
    .object({ promptKey: z.string(), stopReason: z.string(), sentence: z.string().optional() })
    .optional(),
  /** Keys of the last prompts whose turns ended. */
  ended: z.array(z.string()),
  /** Kinds of trouble that were told. */
  told: z.array(z.string()),
  exited: z.boolean(),
});

/** State of the ACP adapter; small, plain, and enough to go on without loss or repetition. */
export type AcpSaved = z.infer<typeof acpSavedSchema>;

export const terminalSavedSchema = z.object({
  version: z.literal(1),
  kind: z.literal("terminal"),
  /** Key of the prompt whose process runs, if one does. */
  promptKey: z.string().optional(),
  started: z.boolean(),
  cancelled: z.boolean(),
  /** The end of the command was told, the end of the turn not yet. */
  resultTold: z.boolean(),
  /** Hash of the excerpt that was told last. */
  shown: z.string(),
  ended: z.array(z.string()),
});

/** State of the terminal adapter. */
export type TerminalSaved = z.infer<typeof terminalSavedSchema>;

export const agentSavedSchema = z.discriminatedUnion("kind", [acpSavedSchema, terminalSavedSchema]);

/** What the driver stores with each happening and hands back to adopt the agent. */
export type AgentSaved = z.infer<typeof agentSavedSchema>;

/**
 * The state for a sandbox in which the agent's process is not: the conversation goes on in a new
 * one. Its log is still there under its name, and must not be taken for a living process.
 */
export function withoutProcess(saved: AgentSaved): AgentSaved {
  if (saved.kind === "acp") return { ...saved, exited: true };
  const { promptKey, ...rest } = saved;
  return { ...rest, ended: [...rest.ended, ...(promptKey === undefined ? [] : [promptKey])] };
}

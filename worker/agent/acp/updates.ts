import { z } from "zod";

const textContentSchema = z.looseObject({ type: z.string(), text: z.string().optional() });

const toolContentSchema = z.looseObject({
  type: z.string(),
  content: textContentSchema.optional().catch(undefined),
  path: z.string().optional().catch(undefined),
  oldText: z.string().nullish().catch(undefined),
  newText: z.string().optional().catch(undefined),
});

/** A tool call or its update; every field may be missing, odd ones count as missing. */
export const toolUpdateSchema = z.looseObject({
  toolCallId: z.string(),
  title: z.string().nullish().catch(undefined),
  kind: z.string().nullish().catch(undefined),
  status: z.string().nullish().catch(undefined),
  content: z.array(toolContentSchema).nullish().catch(undefined),
  locations: z
    .array(z.looseObject({ path: z.string() }))
    .nullish()
    .catch(undefined),
  rawInput: z.unknown().optional(),
  rawOutput: z.unknown().optional(),
  _meta: z.record(z.string(), z.unknown()).nullish().catch(undefined),
});

export type ToolUpdate = z.infer<typeof toolUpdateSchema>;

/** `session/update`, as loose as it can be read. */
export const sessionUpdateSchema = z.object({
  sessionId: z.string().optional(),
  update: z.discriminatedUnion("sessionUpdate", [
    z.looseObject({
      sessionUpdate: z.literal("agent_message_chunk"),
      content: textContentSchema,
      messageId: z.string().nullish().catch(undefined),
    }),
    z.looseObject({
      sessionUpdate: z.literal("plan"),
      entries: z.array(z.looseObject({ content: z.string(), status: z.string().catch("pending") })),
    }),
    toolUpdateSchema.extend({ sessionUpdate: z.literal("tool_call") }),
    toolUpdateSchema.extend({ sessionUpdate: z.literal("tool_call_update") }),
  ]),
});

/** Updates that are known and of no use here. */
export const ignoredUpdates: ReadonlySet<string> = new Set([
  "user_message_chunk",
  "agent_thought_chunk",
  "available_commands_update",
  "current_mode_update",
  "config_option_update",
  "session_info_update",
  "usage_update",
  "notice",
  "compaction_update",
  "compaction_summary_chunk",
]);

/** Name of an update, also of an unknown one. */
export const updateNameSchema = z.object({ update: z.looseObject({ sessionUpdate: z.string() }) });

export const permissionRequestSchema = z.looseObject({
  toolCall: toolUpdateSchema.partial({ toolCallId: true }).optional().catch(undefined),
  options: z.array(
    z.looseObject({
      optionId: z.string(),
      name: z.string(),
      kind: z.enum(["allow_once", "allow_always", "reject_once", "reject_always"]),
    }),
  ),
});

export const initializeResultSchema = z.looseObject({
  protocolVersion: z.number(),
  agentCapabilities: z
    .looseObject({
      loadSession: z.boolean().optional().catch(false),
      sessionCapabilities: z
        .looseObject({ resume: z.unknown().optional() })
        .nullish()
        .catch(undefined),
    })
    .optional()
    .catch(undefined),
  agentInfo: z
    .looseObject({ name: z.string(), title: z.string().nullish(), version: z.string() })
    .nullish()
    .catch(undefined),
});

const configOptionSchema = z.looseObject({
  id: z.string(),
  category: z.string().nullish().catch(undefined),
  options: z
    .array(
      z.looseObject({
        value: z.string().optional(),
        options: z.array(z.looseObject({ value: z.string() })).optional(),
      }),
    )
    .optional()
    .catch(undefined),
});

/** Result of session/new, load and resume alike. */
export const sessionResultSchema = z.looseObject({
  sessionId: z.string().optional(),
  modes: z
    .looseObject({ availableModes: z.array(z.looseObject({ id: z.string() })) })
    .nullish()
    .catch(undefined),
  configOptions: z.array(configOptionSchema).nullish().catch(undefined),
});

export type SessionResult = z.infer<typeof sessionResultSchema>;

export const promptResultSchema = z.looseObject({ stopReason: z.string() });

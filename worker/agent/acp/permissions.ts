import { z } from "zod";
import type { AgentHappening, AgentPermission } from "../agent.ts";
import type { AcpSaved, SavedPermission } from "../saved.ts";
import type { Frame } from "./frames.ts";
import { finishMessage } from "./speech.ts";
import type { Step } from "./step.ts";
import { describeTool, takeTool } from "./tools.ts";
import { permissionRequestSchema } from "./updates.ts";

const cancelRequestSchema = z.looseObject({ requestId: z.union([z.string(), z.number()]) });

/** The agent asks. Some never announced the tool that they ask for: it is announced here. */
export function takePermission(
  state: AcpSaved,
  frame: Extract<Frame, { kind: "request" }>,
  cwd: string,
): Step {
  const parsed = permissionRequestSchema.safeParse(frame.params);
  if (!parsed.success || parsed.data.options.length === 0) {
    const error = { code: -32602, message: "A permission request needs options." };
    return { happenings: [], sends: [{ id: frame.id, error }] };
  }
  const call = parsed.data.toolCall;
  const toolId = call?.toolCallId;
  const happenings = finishMessage(state);
  if (call && toolId !== undefined) {
    happenings.push(...takeTool(state, { ...call, toolCallId: toolId }, cwd));
  }
  const tool = toolId === undefined ? undefined : state.tools[toolId];
  const permission: SavedPermission = {
    requestId: `${state.process}:${frame.id}`,
    rpcId: frame.id,
    title: (call?.title || tool?.command || tool?.title || "The agent asks for permission").slice(
      0,
      500,
    ),
    options: parsed.data.options.slice(0, 20).map((option) => ({
      id: option.optionId,
      name: option.name.slice(0, 200),
      kind: option.kind,
    })),
    ...(toolId !== undefined && { toolId }),
  };
  state.permissions = [...state.permissions, permission];
  happenings.push({ kind: "permission", permission: describePermission(state, permission) });
  return { happenings, sends: [] };
}

/** The agent takes a question back. */
export function closePermission(state: AcpSaved, params: unknown): AgentHappening[] {
  const parsed = cancelRequestSchema.safeParse(params);
  if (!parsed.success) return [];
  const closed = state.permissions.filter((open) => open.rpcId === parsed.data.requestId);
  state.permissions = state.permissions.filter((open) => !closed.includes(open));
  return closed.map(({ requestId }) => ({ kind: "permission-closed", requestId }));
}

/** A remembered question as the port shows it. */
export function describePermission(state: AcpSaved, saved: SavedPermission): AgentPermission {
  const tool = saved.toolId === undefined ? undefined : state.tools[saved.toolId];
  return {
    requestId: saved.requestId,
    title: saved.title,
    options: saved.options,
    ...(tool && saved.toolId !== undefined && { tool: describeTool(saved.toolId, tool) }),
  };
}

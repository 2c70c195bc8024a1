import { CLIENT_METHODS, PROTOCOL_METHODS } from "@agentclientprotocol/sdk";
import type { AgentTroubleKind } from "../agent.ts";
import type { AcpSaved } from "../saved.ts";
import type { Frame } from "./frames.ts";
import { closePermission, takePermission } from "./permissions.ts";
import { authRequired, takeSetupError, takeSetupResult } from "./setup.ts";
import { finishMessage, hear } from "./speech.ts";
import { type MachineSettings, type Step, tellOnce } from "./step.ts";
import { takeTool } from "./tools.ts";
import {
  ignoredUpdates,
  promptResultSchema,
  sessionUpdateSchema,
  updateNameSchema,
} from "./updates.ts";

/**
 * The life of one agent process:
 *
 *   initialising → creating ──────────┐
 *              ├─→ loading → settling ┤→ setting-mode → ready ⇄ (prompt → draining)
 *              └─→ resuming ──────────┤
 *                  (lost: creating)   └→ failed
 *
 * `takeFrame` is pure but for the state that it is handed: same state and frame, same result. That
 * is what makes a replay after a driver's death exact. Sends come out, they are never made here.
 */
export function takeFrame(state: AcpSaved, frame: Frame, settings: MachineSettings): Step {
  switch (frame.kind) {
    case "blank":
      return { happenings: [], sends: [] };
    case "invalid":
      return told(
        state,
        "not-protocol",
        `The agent printed something that is no protocol message (told once): ${frame.excerpt}`,
      );
    case "notification":
      return takeNotification(state, frame.method, frame.params, settings);
    case "request":
      return takeRequest(state, frame, settings);
    case "result": {
      const key = settings.promptKey(frame.id);
      if (key === undefined) return takeSetupResult(state, frame, settings);
      const parsed = promptResultSchema.safeParse(frame.result);
      state.draining = {
        promptKey: key,
        stopReason: parsed.success ? parsed.data.stopReason : "end_turn",
      };
      return { happenings: [], sends: [] };
    }
    case "error": {
      const key = settings.promptKey(frame.id);
      if (key === undefined) return takeSetupError(state, frame, settings);
      const hint = frame.code === authRequired ? ` ${settings.howToConfigure}` : "";
      state.draining = { promptKey: key, stopReason: "failed", sentence: frame.message + hint };
      return { happenings: [], sends: [] };
    }
  }
}

function told(state: AcpSaved, trouble: AgentTroubleKind, sentence: string): Step {
  return { happenings: tellOnce(state, trouble, sentence), sends: [] };
}

function takeNotification(
  state: AcpSaved,
  method: string,
  params: unknown,
  settings: MachineSettings,
): Step {
  if (method === PROTOCOL_METHODS.cancel_request)
    return { happenings: closePermission(state, params), sends: [] };
  if (method === CLIENT_METHODS.session_update) return takeUpdate(state, params, settings);
  // Extensions (`_vendor/…`) are meant to be ignored by who does not know them.
  if (method.startsWith("_") || method.startsWith("$/")) return { happenings: [], sends: [] };
  return told(
    state,
    "unknown-frame",
    `The agent sent an unknown message (told once): ${method.slice(0, 100)}`,
  );
}

function takeUpdate(state: AcpSaved, params: unknown, settings: MachineSettings): Step {
  // session/load replays the whole conversation, which was told when it happened; and some greet.
  if (state.phase !== "ready") return { happenings: [], sends: [] };
  const parsed = sessionUpdateSchema.safeParse(params);
  if (!parsed.success) return takeOddUpdate(state, params);
  if (parsed.data.sessionId !== undefined && parsed.data.sessionId !== state.sessionId)
    return { happenings: [], sends: [] };
  const update = parsed.data.update;
  switch (update.sessionUpdate) {
    case "agent_message_chunk":
      return { happenings: hear(state, update.content.text ?? "", update.messageId), sends: [] };
    case "plan": {
      const entries = update.entries.slice(0, 50).map((entry) => ({
        content: entry.content.slice(0, 500),
        status: planStatus(entry.status),
      }));
      return { happenings: [...finishMessage(state), { kind: "plan", entries }], sends: [] };
    }
    case "tool_call":
    case "tool_call_update": {
      const news = takeTool(state, update, settings.cwd);
      return {
        happenings: news.length === 0 ? news : [...finishMessage(state), ...news],
        sends: [],
      };
    }
  }
}

function takeOddUpdate(state: AcpSaved, params: unknown): Step {
  const name = updateNameSchema.safeParse(params);
  const kind = name.success ? name.data.update.sessionUpdate : "without a kind";
  if (ignoredUpdates.has(kind)) return { happenings: [], sends: [] };
  return told(
    state,
    "unknown-frame",
    `The agent sent an update that cannot be read (told once): ${kind.slice(0, 100)}`,
  );
}

function takeRequest(
  state: AcpSaved,
  frame: Extract<Frame, { kind: "request" }>,
  settings: MachineSettings,
): Step {
  if (frame.method === CLIENT_METHODS.session_request_permission)
    return takePermission(state, frame, settings.cwd);
  const error = { code: -32601, message: `Method not found: ${frame.method.slice(0, 100)}` };
  return { happenings: [], sends: [{ id: frame.id, error }] };
}

function planStatus(status: string): "pending" | "in_progress" | "completed" {
  return status === "in_progress" || status === "completed" ? status : "pending";
}

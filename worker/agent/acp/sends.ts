import type { NewSessionRequest, PromptRequest } from "@agentclientprotocol/sdk";
import { AGENT_METHODS, PROTOCOL_VERSION } from "@agentclientprotocol/sdk";
import type { AcpSaved } from "../saved.ts";
import type { RpcId } from "./frames.ts";

/** A message to the agent; plain JSON-RPC. */
export type Send =
  | { readonly id: RpcId; readonly method: string; readonly params: unknown }
  | { readonly method: string; readonly params: unknown }
  | { readonly id: RpcId; readonly result: unknown }
  | { readonly id: RpcId; readonly error: { readonly code: number; readonly message: string } };

/**
 * The request that the state waits for, or nothing. Pure, with ids that name the step: a driver
 * that adopts the agent asks again what is due and writes only what the input does not yet hold.
 */
export function dueSend(state: AcpSaved, cwd: string): Send | undefined {
  const session: NewSessionRequest = { cwd, mcpServers: [] };
  switch (state.phase) {
    case "initialising":
      return {
        id: "initialize",
        method: AGENT_METHODS.initialize,
        params: {
          protocolVersion: PROTOCOL_VERSION,
          // Neither files nor terminals: agents then use their own tools, inside the sandbox.
          clientCapabilities: {
            fs: { readTextFile: false, writeTextFile: false },
            terminal: false,
          },
          clientInfo: { name: "colony", title: "Colony", version: "0.1.0" },
        },
      };
    case "creating":
      return { id: "session-new", method: AGENT_METHODS.session_new, params: session };
    case "loading":
      return {
        id: "session-load",
        method: AGENT_METHODS.session_load,
        params: { ...session, sessionId: state.earlierSessionId },
      };
    case "resuming":
      return {
        id: "session-resume",
        method: AGENT_METHODS.session_resume,
        params: { ...session, sessionId: state.earlierSessionId },
      };
    case "setting-mode":
      return state.modeRequest && { id: "session-mode", ...state.modeRequest };
    case "ready":
    case "failed":
      return undefined;
  }
}

const promptPrefix = "prompt-";

/** A prompt under an id that carries its key. */
export function promptSend(sessionId: string, key: string, text: string): Send {
  const params: PromptRequest = { sessionId, prompt: [{ type: "text", text }] };
  return { id: promptPrefix + key, method: AGENT_METHODS.session_prompt, params };
}

/** Key of the prompt that an id belongs to. */
export function promptKeyOf(id: RpcId): string | undefined {
  if (typeof id !== "string" || !id.startsWith(promptPrefix)) return undefined;
  return id.slice(promptPrefix.length);
}

export function cancelSend(sessionId: string): Send {
  return { method: AGENT_METHODS.session_cancel, params: { sessionId } };
}

/** An answer to a permission request; without option it is "cancelled". */
export function answerSend(id: RpcId, optionId: string | undefined): Send {
  const outcome =
    optionId === undefined ? { outcome: "cancelled" } : { outcome: "selected", optionId };
  return { id, result: { outcome } };
}

import type { NewSessionRequest, PromptRequest } from "@agentclientprotocol/sdk";
import { AGENT_METHODS, PROTOCOL_VERSION } from "@agentclientprotocol/sdk";
import { z } from "zod";
import type { AcpSaved } from "../saved.ts";
import type { RpcId } from "./frames.ts";

/** A message to the agent; plain JSON-RPC. */
export type Send =
  | { readonly id: RpcId; readonly method: string; readonly params: unknown }
  | { readonly method: string; readonly params: unknown }
  | { readonly id: RpcId; readonly result: unknown }
  | { readonly id: RpcId; readonly error: { readonly code: number; readonly message: string } };

/** Numbers, since that is what agents are used to; each step has its own, so it is written once. */
export const setupIds = { initialize: 1, create: 2, load: 3, resume: 4, mode: 5 } as const;
const firstPromptId = 100;

/**
 * The request that the state waits for, or nothing. Pure, with an id for each step: a driver that
 * adopts the agent asks again what is due and writes only what the input does not yet hold.
 */
export function dueSend(state: AcpSaved, cwd: string): Send | undefined {
  const session: NewSessionRequest = { cwd, mcpServers: [] };
  switch (state.phase) {
    case "initialising":
      return {
        id: setupIds.initialize,
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
      return { id: setupIds.create, method: AGENT_METHODS.session_new, params: session };
    case "loading":
      return {
        id: setupIds.load,
        method: AGENT_METHODS.session_load,
        params: { ...session, sessionId: state.earlierSessionId },
      };
    case "resuming":
      return {
        id: setupIds.resume,
        method: AGENT_METHODS.session_resume,
        params: { ...session, sessionId: state.earlierSessionId },
      };
    case "setting-mode":
      return state.modeRequest && { id: setupIds.mode, ...state.modeRequest };
    case "settling":
    case "ready":
    case "failed":
      return undefined;
  }
}

const keyName = "colony/promptKey";
const promptParamsSchema = z.object({ _meta: z.object({ [keyName]: z.string() }) });

/** The nth prompt to a process; its key travels with it, so that the input tells what it was. */
export function promptSend(sessionId: string, key: string, text: string, nth: number): Send {
  const params: PromptRequest = {
    sessionId,
    prompt: [{ type: "text", text }],
    _meta: { [keyName]: key },
  };
  return { id: firstPromptId + nth, method: AGENT_METHODS.session_prompt, params };
}

/** Key of a prompt that was written. */
export function promptKeyOf(params: unknown): string | undefined {
  return promptParamsSchema.safeParse(params).data?._meta[keyName];
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

import {
  type AgentApp,
  type AgentContext,
  PROTOCOL_VERSION,
  RequestError,
} from "@agentclientprotocol/sdk";
import { playScript } from "./play.ts";
import { Report, sendUpdate } from "./report.ts";
import { createSession, readSession, type ScriptedSession, saveSession } from "./sessions.ts";
import { decideScript } from "./stories.ts";

const modes = [
  { id: "ask", name: "Ask", description: "Asks where the script says so" },
  { id: "bypass", name: "Do not ask", description: "Takes every question as allowed" },
];

interface Open {
  readonly session: ScriptedSession;
  readonly cwd: string;
  turn?: AbortController;
}

/** Puts the agent's side of the protocol onto an app. */
export function serveScripted(app: AgentApp, writeRaw: (text: string) => Promise<void>): void {
  const open = new Map<string, Open>();
  app.onRequest("initialize", () => ({
    protocolVersion: PROTOCOL_VERSION,
    agentInfo: { name: "scripted", title: "Scripted agent", version: "1" },
    agentCapabilities: { loadSession: true },
    authMethods: [],
  }));
  app.onRequest("session/new", async ({ params }) => {
    const session = await createSession();
    open.set(session.id, { session, cwd: params.cwd });
    return { sessionId: session.id, modes: describeModes(session) };
  });
  app.onRequest("session/load", async ({ params, client }) => {
    const session = await readSession(params.sessionId);
    if (!session) throw RequestError.resourceNotFound(params.sessionId);
    open.set(session.id, { session, cwd: params.cwd });
    await replay(client, session);
    return { modes: describeModes(session) };
  });
  app.onRequest("session/set_mode", async ({ params }) => {
    const { session } = find(open, params.sessionId);
    session.mode = params.modeId === "bypass" ? "bypass" : "ask";
    await saveSession(session);
    return {};
  });
  app.onRequest("session/prompt", async ({ params, client }) => {
    const text = params.prompt.map((part) => (part.type === "text" ? part.text : "")).join("\n");
    return playTurn(find(open, params.sessionId), text, client, writeRaw);
  });
  app.onNotification("session/cancel", ({ params }) => {
    open.get(params.sessionId)?.turn?.abort();
  });
}

async function playTurn(
  held: Open,
  text: string,
  client: AgentContext,
  writeRaw: (text: string) => Promise<void>,
): Promise<{ stopReason: "end_turn" | "cancelled" }> {
  const turn = new AbortController();
  held.turn = turn;
  const report = new Report(client, held.session.id);
  const { session, cwd } = held;
  session.history.push({ role: "user", text });
  const ending = await playScript(decideScript(text), {
    report,
    cwd,
    mode: session.mode,
    signal: turn.signal,
    writeRaw,
  });
  delete held.turn;
  session.history.push({ role: "agent", text: report.said() });
  await saveSession(session);
  if (ending.kind === "failed") throw RequestError.internalError(undefined, ending.text);
  return { stopReason: ending.kind === "cancelled" ? "cancelled" : "end_turn" };
}

function find(open: ReadonlyMap<string, Open>, id: string): Open {
  const held = open.get(id);
  if (!held) throw RequestError.resourceNotFound(id);
  return held;
}

function describeModes(session: ScriptedSession): {
  currentModeId: string;
  availableModes: typeof modes;
} {
  return { currentModeId: session.mode, availableModes: modes };
}

/** The whole conversation again, as `session/load` wants it. */
async function replay(client: AgentContext, session: ScriptedSession): Promise<void> {
  for (const { role, text } of session.history) {
    const content = { type: "text" as const, text };
    const sessionUpdate = role === "user" ? "user_message_chunk" : "agent_message_chunk";
    await sendUpdate(client, session.id, { sessionUpdate, content });
  }
}

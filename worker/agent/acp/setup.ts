import type { AgentHappening } from "../agent.ts";
import type { AcpSaved } from "../saved.ts";
import type { Frame } from "./frames.ts";
import { setupIds } from "./sends.ts";
import { type MachineSettings, type Step, tellOnce } from "./step.ts";
import { initializeResultSchema, type SessionResult, sessionResultSchema } from "./updates.ts";

export const authRequired = -32000;

/** An answer to initialize, session/new, load, resume or the mode: on to the next phase. */
export function takeSetupResult(
  state: AcpSaved,
  frame: Extract<Frame, { kind: "result" }>,
  settings: MachineSettings,
): Step {
  if (frame.id === setupIds.initialize && state.phase === "initialising")
    return step(takeInitialized(state, frame.result));
  if (isSessionAnswer(state, frame.id)) return step(takeSession(state, frame.result, settings));
  if (frame.id === setupIds.mode && state.phase === "setting-mode") return step(becomeReady(state));
  return step([]);
}

/** An error instead: fatal, or a way round it. */
export function takeSetupError(
  state: AcpSaved,
  frame: Extract<Frame, { kind: "error" }>,
  settings: MachineSettings,
): Step {
  const { id, message } = frame;
  if (isSessionAnswer(state, id) && state.phase !== "creating") {
    state.phase = "creating";
    return step(conversationLost(state, message));
  }
  if (id === setupIds.mode && state.phase === "setting-mode") {
    const so = settings.mustAsk ? "it may act without asking" : "it may ask before it acts";
    const refused = `The agent refused its permission mode (${message}); ${so}.`;
    return step([...becomeReady(state), ...tellOnce(state, "mode-refused", refused)]);
  }
  if (isSessionAnswer(state, id) && frame.code === authRequired) {
    const sentence = `The agent is not configured (${message}). ${settings.howToConfigure}`;
    return step(tellOnce(state, "not-configured", sentence, true));
  }
  if (id === setupIds.initialize || isSessionAnswer(state, id))
    return step(tellOnce(state, "cannot-start", `The agent could not start: ${message}`, true));
  return step([]);
}

function isSessionAnswer(state: AcpSaved, id: string | number): boolean {
  return (
    (id === setupIds.create && state.phase === "creating") ||
    (id === setupIds.load && state.phase === "loading") ||
    (id === setupIds.resume && state.phase === "resuming")
  );
}

function takeInitialized(state: AcpSaved, result: unknown): AgentHappening[] {
  const parsed = initializeResultSchema.safeParse(result);
  if (!parsed.success || parsed.data.protocolVersion !== 1) {
    const sentence = "The agent speaks no Agent Client Protocol of version 1.";
    return tellOnce(state, "cannot-start", sentence, true);
  }
  const { agentCapabilities, agentInfo } = parsed.data;
  state.canLoad = agentCapabilities?.loadSession === true;
  state.canResume = agentCapabilities?.sessionCapabilities?.resume != null;
  if (agentInfo) {
    state.agentName = (agentInfo.title || agentInfo.name).slice(0, 100);
    state.agentVersion = agentInfo.version.slice(0, 50);
  }
  if (state.earlierSessionId === undefined) state.phase = "creating";
  // resume replays nothing, so it is preferred to load.
  else if (state.canResume) state.phase = "resuming";
  else if (state.canLoad) state.phase = "loading";
  else {
    state.phase = "creating";
    return conversationLost(state, "it keeps none");
  }
  return [];
}

function conversationLost(state: AcpSaved, why: string): AgentHappening[] {
  delete state.earlierSessionId;
  const sentence = `The agent could not go on with its earlier conversation (${why}); it begins a new one on the same files.`;
  return tellOnce(state, "conversation-lost", sentence);
}

function takeSession(
  state: AcpSaved,
  result: unknown,
  settings: MachineSettings,
): AgentHappening[] {
  const parsed = sessionResultSchema.safeParse(result ?? {});
  const sessionId = parsed.data?.sessionId ?? state.earlierSessionId;
  if (sessionId === undefined)
    return tellOnce(state, "cannot-start", "The agent opened a session without an id.", true);
  state.sessionId = sessionId;
  const mode = decideMode(parsed.data ?? {}, sessionId, settings.modeIds);
  if (mode) state.modeRequest = mode;
  const silent = "The agent has no mode in which it asks; it acts without asking.";
  const cannotAsk = !mode && settings.mustAsk && settings.modeIds.length > 0;
  const told = cannotAsk ? tellOnce(state, "mode-refused", silent) : [];
  // Some answer session/load first and replay the conversation after it.
  if (state.phase === "loading") state.phase = "settling";
  else if (mode) state.phase = "setting-mode";
  else return [...becomeReady(state), ...told];
  return told;
}

/** The replay of a loaded conversation is over. */
export function settle(state: AcpSaved): AgentHappening[] {
  if (state.phase !== "settling") return [];
  if (!state.modeRequest) return becomeReady(state);
  state.phase = "setting-mode";
  return [];
}

/** The agent does not answer to its mode: it is used as it is, and that is told. */
export function giveUpMode(state: AcpSaved): AgentHappening[] {
  const sentence = "The agent did not answer to its permission mode and stays in its own.";
  const told = tellOnce(state, "mode-refused", sentence);
  if (told.length > 0) return told;
  return state.phase === "setting-mode" ? becomeReady(state) : [];
}

/** Modes are moving from `modes` to `configOptions`; whichever holds one of ours is set. */
function decideMode(
  session: SessionResult,
  sessionId: string,
  modeIds: readonly string[],
): AcpSaved["modeRequest"] | undefined {
  const options = session.configOptions ?? [];
  for (const modeId of modeIds) {
    if (session.modes?.availableModes.some((mode) => mode.id === modeId))
      return { method: "session/set_mode", params: { sessionId, modeId } };
    const option = options.find(
      (one) => (one.category === "mode" || one.id === "mode") && valuesOf(one).includes(modeId),
    );
    if (option)
      return {
        method: "session/set_config_option",
        params: { sessionId, configId: option.id, value: modeId },
      };
  }
  return undefined;
}

function valuesOf(option: NonNullable<SessionResult["configOptions"]>[number]): string[] {
  return (option.options ?? []).flatMap((one) =>
    one.value !== undefined ? [one.value] : (one.options ?? []).map((inner) => inner.value),
  );
}

function becomeReady(state: AcpSaved): AgentHappening[] {
  state.phase = "ready";
  return [
    {
      kind: "started",
      sessionId: state.sessionId ?? "",
      name: state.agentName,
      version: state.agentVersion,
      resumed: state.earlierSessionId !== undefined,
    },
  ];
}

function step(happenings: AgentHappening[]): Step {
  return { happenings, sends: [] };
}

import type { AgentHappening } from "../agent.ts";
import type { AcpSaved } from "../saved.ts";

const maxMessageChars = 12_000;
const tellEachChars = 400;

/** Takes in a piece of a message. Told by growth, not by time, so that a replay tells the same. */
export function hear(
  state: AcpSaved,
  piece: string,
  messageId: string | null | undefined,
): AgentHappening[] {
  const earlier = messageId != null && messageId !== state.messageId ? finishMessage(state) : [];
  if (messageId != null) state.messageId = messageId;
  return [...earlier, ...grow(state, piece)];
}

function grow(state: AcpSaved, piece: string): AgentHappening[] {
  state.message += piece;
  if (state.message.length > maxMessageChars) {
    const cut = state.message.length - maxMessageChars;
    state.message = `…${state.message.slice(cut + 1)}`;
    state.messageTold = Math.max(0, state.messageTold - cut);
  }
  if (state.message.length - state.messageTold < tellEachChars) return [];
  state.messageTold = state.message.length;
  return [{ kind: "said", text: state.message, final: false }];
}

/** The message is over: a tool, a plan, a question or the end of the turn follows. */
export function finishMessage(state: AcpSaved): AgentHappening[] {
  const text = state.message.trim();
  state.message = "";
  state.messageTold = 0;
  return text === "" ? [] : [{ kind: "said", text, final: true }];
}

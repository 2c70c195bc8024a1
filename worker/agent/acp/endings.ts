import type { Exit } from "../../../sandbox/sandbox.ts";
import type { AgentHappening, AgentStopReason } from "../agent.ts";
import type { AcpSaved } from "../saved.ts";
import { settle } from "./setup.ts";
import { finishMessage } from "./speech.ts";

/** A moment of quiet is worth something: a turn ends, or words were said outside of one. */
export function needsQuiet(state: AcpSaved, promptInFlight: boolean): boolean {
  if (state.phase === "settling") return true;
  return state.draining !== undefined || (!promptInFlight && state.message !== "");
}

/**
 * Nothing came for a moment. Agents send the response to a prompt before its last updates, so a
 * turn ends here and not at its response. One happening a call, each with its own state, since no
 * frame stands behind it that a replay could begin with.
 */
export function takeQuiet(state: AcpSaved): AgentHappening | undefined {
  if (state.phase === "settling") return settle(state)[0];
  const [said] = finishMessage(state);
  if (said) return said;
  const ended = state.draining;
  if (!ended) return undefined;
  delete state.draining;
  state.ended = [...state.ended.filter((key) => key !== ended.promptKey), ended.promptKey].slice(
    -8,
  );
  return {
    kind: "turn-ended",
    promptKey: ended.promptKey,
    stopReason: stopReasonOf(ended.stopReason),
    ...(ended.sentence !== undefined && { sentence: ended.sentence }),
  };
}

/** The process has ended; one happening a call, `exited` the last. */
export function takeExit(
  state: AcpSaved,
  exit: Exit,
  lastLines: readonly string[],
): AgentHappening | undefined {
  if (state.exited) return undefined;
  const quiet = state.phase === "settling" ? undefined : takeQuiet(state);
  if (quiet) return quiet;
  const [open, ...others] = state.permissions;
  if (open) {
    state.permissions = others;
    return { kind: "permission-closed", requestId: open.requestId };
  }
  state.exited = true;
  return { kind: "exited", exit, lastLines };
}

function stopReasonOf(reason: string): AgentStopReason {
  switch (reason) {
    case "max_tokens":
    case "max_turn_requests":
    case "refusal":
    case "cancelled":
    case "failed":
      return reason;
    default:
      return "end_turn";
  }
}

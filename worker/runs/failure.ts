import { KeeperLostError } from "../../sandbox/sandbox.ts";
import { Refusal } from "../protocol/refusal.ts";

/** What the thread is told of an error, and the kind that a program can go by. */
export interface Failure {
  readonly kind: string;
  readonly sentence: string;
}

/**
 * Errors of ours that were made for people carry `kind` or are a Refusal; of anything else only the
 * fact is told, since its text may hold paths, keys or a stack.
 */
export function failureOf(error: unknown): Failure {
  if (error instanceof Refusal) return { kind: "refused", sentence: error.message };
  if (error instanceof KeeperLostError) {
    return {
      kind: "keeper-lost",
      sentence:
        "The sandbox was lost: the process that held the agent's terminal died. The files are kept; Retry goes on from them.",
    };
  }
  if (error instanceof Error && "kind" in error && typeof error.kind === "string") {
    return { kind: error.kind, sentence: error.message };
  }
  return {
    kind: "fault",
    sentence:
      "Something went wrong in Colony itself; the worker's log says what. Retry goes on from the last saved files.",
  };
}

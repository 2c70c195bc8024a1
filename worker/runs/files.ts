import type { Colony } from "./colony.ts";
import { saveChange } from "./colony.ts";
import { type Lease, LeaseLostError } from "./lease.ts";
import type { RunContext } from "./run-context.ts";

/** Quiet after the last tool call before a snapshot; and the least time between two. */
const quietMs = 700;
const leastMs = 5_000;

export interface FileWatch extends AsyncDisposable {
  /** The agent has just done something. */
  readonly touch: () => void;
  /** Waits until no snapshot is under way. */
  settled(): Promise<void>;
}

/**
 * Snapshots while the agent works: the card shows what changed, and a lost sandbox costs little.
 * Snapshots freeze the sandbox for a moment, hence never more often than every 5 s.
 */
export function watchFiles(
  context: RunContext,
  lease: Lease,
  { store, sandbox }: Colony,
): FileWatch {
  let timer: NodeJS.Timeout | undefined;
  let lastMs = 0;
  let running: Promise<unknown> = Promise.resolve();
  const snapshot = () => {
    timer = undefined;
    lastMs = Date.now();
    running = saveChange(context, lease, store, sandbox).catch((error: unknown) => {
      if (error instanceof LeaseLostError) return;
      context.log.warn({ task: lease.taskId, err: error }, "snapshot while working failed");
    });
  };
  const settled = async () => {
    clearTimeout(timer);
    timer = undefined;
    await running;
  };
  return {
    touch() {
      timer ??= setTimeout(snapshot, Math.max(quietMs, lastMs + leastMs - Date.now()));
    },
    settled,
    [Symbol.asyncDispose]: settled,
  };
}

import { setTimeout as sleep } from "node:timers/promises";
import type { Logger } from "pino";

/** See `openWatchLoop`. */
export interface WatchLoop {
  /** For the log, when a look fails: "following previews". */
  readonly name: string;
  readonly everyMs: number;
  readonly log: Logger;
  /** One look, whole and repeatable; a failed one is logged, and the next comes all the same. */
  look(signal: AbortSignal): Promise<void>;
}

/**
 * Looks again and again, at once for the first time, never twice at a time. Disposing waits for the
 * look that is under way, and for no pause.
 */
export function openWatchLoop({ name, everyMs, log, look }: WatchLoop): AsyncDisposable {
  const ending = new AbortController();
  const { signal } = ending;
  const loop = (async () => {
    while (!signal.aborted) {
      await look(signal).catch((error: unknown) => log.warn({ err: error }, name));
      await sleep(everyMs, undefined, { signal }).catch(() => undefined);
    }
  })();
  return {
    async [Symbol.asyncDispose]() {
      ending.abort();
      await loop;
    },
  };
}

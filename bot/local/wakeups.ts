import { setTimeout as sleep } from "node:timers/promises";
import type { Redis } from "ioredis";
import { localKeys } from "./keys.ts";

/** Wakes everybody who follows the feed; they read it themselves from where they are. */
export interface Wakeups extends AsyncDisposable {
  /** Resolves at the next entry of the feed, or after `limitMs`. */
  next(limitMs: number): Promise<void>;
}

/** One blocking connection for all open pages. */
export function openWakeups(redis: Redis): Wakeups {
  const own = redis.duplicate();
  own.on("error", () => {});
  const ending = new AbortController();
  let bell = Promise.withResolvers<void>();
  const ring = () => {
    bell.resolve();
    bell = Promise.withResolvers<void>();
  };
  const watch = async () => {
    let last = "$";
    while (!ending.signal.aborted) {
      try {
        const answer = await own.xread("BLOCK", 5_000, "STREAMS", localKeys.feed, last);
        const newest = answer?.[0]?.[1].at(-1)?.[0];
        if (newest !== undefined) last = newest;
        if (newest !== undefined) ring();
      } catch {
        // Entries may have come meanwhile: everybody looks.
        ring();
        if (!ending.signal.aborted) await sleep(500);
      }
    }
  };
  const done = watch();
  return {
    async next(limitMs) {
      const patience = new AbortController();
      const timer = sleep(limitMs, undefined, { signal: patience.signal }).catch(() => {});
      await Promise.race([bell.promise, timer]);
      patience.abort();
    },
    async [Symbol.asyncDispose]() {
      ending.abort();
      own.disconnect();
      ring();
      await done;
    },
  };
}

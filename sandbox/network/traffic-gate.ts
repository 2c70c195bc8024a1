import { Transform } from "node:stream";
import type { EgressLimits } from "../spec.ts";

/** Bounds what a sandbox moves; one for all of its connections. */
export interface TrafficGate {
  /** Why no connection may be opened now. */
  problem(openConnections: number): string | undefined;
  /** Counts bytes; answers false from the moment on that there were too many. */
  count(bytes: number): boolean;
  /** A stream that lets no more through than the rate allows; undefined where none is set. */
  throttle(): Transform | undefined;
}

/** `before`: bytes of earlier sandboxes of the same task. */
export function openTrafficGate(limits: EgressLimits, before: number): TrafficGate {
  let total = before;
  const rate = limits.bytesPerSecond;
  let freeAtMs = 0;
  const isSpent = () => limits.bytes !== undefined && total >= limits.bytes;
  return {
    problem(openConnections) {
      if (isSpent()) return spentSentence(limits.bytes ?? 0);
      const { connections } = limits;
      if (connections === undefined || openConnections < connections) return undefined;
      return `this sandbox has ${connections} connections open, as many as its limit allows`;
    },
    count(bytes) {
      total += bytes;
      return !isSpent();
    },
    throttle() {
      if (rate === undefined) return undefined;
      return new Transform({
        transform(chunk: Buffer, _encoding, done) {
          const nowMs = Date.now();
          // Each chunk books its time on the one line that all share.
          freeAtMs = Math.max(freeAtMs, nowMs) + (chunk.length / rate) * 1_000;
          const waitMs = freeAtMs - nowMs;
          if (waitMs < 5) done(null, chunk);
          else setTimeout(() => done(null, chunk), waitMs);
        },
      });
    },
  };
}

/** Told in the thread too, hence whole. */
export function spentSentence(bytes: number): string {
  return `this sandbox has moved as many bytes as its limit allows (${Math.round(bytes / 1024 ** 2)} MB)`;
}

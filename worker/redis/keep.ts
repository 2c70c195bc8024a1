import { connect } from "node:net";
import { type EmbeddedRedis, type EmbeddedRedisOptions, openEmbeddedRedis } from "./embedded.ts";

/** Told to whoever keeps a server. */
export interface KeepOptions extends EmbeddedRedisOptions {
  readonly onRestart: (redis: EmbeddedRedis) => void;
  /** A try failed; the next comes by itself. */
  readonly onError: (error: Error) => void;
}

const longestPauseMs = 5_000;

/**
 * Starts the server again whenever it dies, until disposed. It watches by an idle connection,
 * which the kernel closes with the server, and asks nothing in between.
 */
export function keepEmbeddedRedis(options: KeepOptions): AsyncDisposable {
  const ending = new AbortController();
  const loop = keepAlive(options, ending.signal);
  return {
    async [Symbol.asyncDispose]() {
      ending.abort();
      await loop;
    },
  };
}

async function keepAlive(options: KeepOptions, signal: AbortSignal): Promise<void> {
  let pauseMs = 50;
  while (!signal.aborted) {
    try {
      const redis = await openEmbeddedRedis(options);
      if (signal.aborted) return;
      if (!redis.adopted) options.onRestart(redis);
      pauseMs = 50;
      await connectionEnd(redis.address, signal);
    } catch (cause) {
      options.onError(cause instanceof Error ? cause : new Error(String(cause)));
      await pause(pauseMs, signal);
      pauseMs = Math.min(pauseMs * 2, longestPauseMs);
    }
  }
}

function connectionEnd(socketPath: string, signal: AbortSignal): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const socket = connect(socketPath);
  socket.on("error", () => undefined);
  socket.on("close", () => resolve());
  const end = () => socket.destroy();
  signal.addEventListener("abort", end, { once: true });
  if (signal.aborted) end();
  return promise.finally(() => signal.removeEventListener("abort", end));
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const timer = setTimeout(resolve, ms);
  signal.addEventListener("abort", () => resolve(), { once: true });
  return promise.finally(() => clearTimeout(timer));
}

import type { Logger } from "pino";
import type { WorkerConfig } from "../config.ts";
import { type EmbeddedRedisOptions, openEmbeddedRedis } from "../redis/embedded.ts";
import { keepEmbeddedRedis } from "../redis/keep.ts";

/** Addresses of the control and of the bytes Redis. */
export interface RedisServers extends AsyncDisposable {
  readonly control: string;
  readonly bytes: string;
}

/** The configured servers, or embedded ones, started again whenever they die. */
export async function openRedisServers(config: WorkerConfig, log: Logger): Promise<RedisServers> {
  await using stack = new AsyncDisposableStack();
  const control = config.redisUrl ?? (await embedded({ folder: config.folder, name: "control" }));
  const bytes =
    config.bytesRedisUrl ??
    config.redisUrl ??
    (await embedded({ folder: config.folder, name: "bytes" }));
  const owned = stack.move();
  return { control, bytes, [Symbol.asyncDispose]: () => owned[Symbol.asyncDispose]() };

  async function embedded(options: EmbeddedRedisOptions): Promise<string> {
    const redis = stack.use(await openEmbeddedRedis(options));
    stack.use(
      keepEmbeddedRedis({
        ...options,
        onRestart: () => log.warn({ redis: options.name }, "embedded Redis was started again"),
        onError: (error) => log.error({ redis: options.name, err: error }, "embedded Redis"),
      }),
    );
    return redis.address;
  }
}

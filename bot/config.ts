import { userInfo } from "node:os";
import { join } from "node:path";
import { z } from "zod";

const portSchema = z.coerce.number().int().min(0).max(65_535);

const environmentSchema = z.object({
  COLONY_HOME: z.string().startsWith("/").default("/var/lib/colony"),
  REDIS_URL: z.string().optional(),
  COLONY_BYTES_REDIS: z.string().optional(),
  PORT: portSchema.default(7788),
  COLONY_PREVIEW_PORT: portSchema.default(7789),
  COLONY_CALLER_UID: z.coerce.number().int().nonnegative().optional(),
  COLONY_CALLER_GID: z.coerce.number().int().nonnegative().optional(),
  COLONY_CALLER_HOME: z.string().optional(),
  COLONY_LOG_LEVEL: z.string().default("info"),
});

/** With whose rights repositories that people name in chat are fetched and pushed. */
export interface Caller {
  readonly uid: number;
  readonly gid: number;
  readonly home: string;
}

/** What the bot is told by its environment; read once, in `main.ts`. */
export interface BotConfig {
  /** Address or socket path of control Redis. */
  readonly redis: string;
  readonly bytesRedis: string;
  /** Port of the chat page on loopback. */
  readonly port: number;
  readonly previewPort: number;
  readonly previewKeyFile: string;
  readonly caller: Caller;
  /** A worker on the socket of our Redis sees the files that we see. */
  readonly sharesHost: boolean;
  /** Terminal logs, one folder per task. */
  readonly logs: string;
  readonly logLevel: string;
}

/** Parses the environment; a bad value is a ZodError that names the variable. */
export function parseBotConfig(
  environment: Readonly<Record<string, string | undefined>>,
): BotConfig {
  const e = environmentSchema.parse(environment);
  const user = userInfo();
  const redis = e.REDIS_URL ?? join(e.COLONY_HOME, "redis", "control.sock");
  return {
    redis,
    sharesHost: redis.startsWith("/"),
    bytesRedis: e.COLONY_BYTES_REDIS ?? join(e.COLONY_HOME, "redis", "bytes.sock"),
    port: e.PORT,
    previewPort: e.COLONY_PREVIEW_PORT,
    previewKeyFile: join(e.COLONY_HOME, "preview.key"),
    caller: {
      uid: e.COLONY_CALLER_UID ?? user.uid,
      gid: e.COLONY_CALLER_GID ?? user.gid,
      home: e.COLONY_CALLER_HOME ?? user.homedir,
    },
    logs: join(e.COLONY_HOME, "logs"),
    logLevel: e.COLONY_LOG_LEVEL,
  };
}

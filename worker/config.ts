import { hostname } from "node:os";
import { z } from "zod";
import { type StateFolder, stateFolder } from "../sandbox/state-folder.ts";

const environmentSchema = z.object({
  COLONY_HOME: z.string().startsWith("/").default("/var/lib/colony"),
  COLONY_SHARED: z.string().startsWith("/").optional(),
  /** World-readable copy of our code, made by the set-up. */
  COLONY_RUNTIME: z.string().startsWith("/").optional(),
  COLONY_CONFIG: z.string().startsWith("/").optional(),
  REDIS_URL: z.string().optional(),
  COLONY_BYTES_REDIS: z.string().optional(),
  COLONY_HOST: z
    .string()
    .regex(/^[a-zA-Z0-9-]{1,63}$/)
    .optional(),
  COLONY_DRIVERS: z.coerce.number().int().min(1).max(64).default(2),
  /** Runs at once per driver. */
  COLONY_DRIVER_CONCURRENCY: z.coerce.number().int().min(1).max(200).default(8),
  COLONY_PREVIEW_PORT: z.coerce.number().int().min(1).max(65_535).default(7789),
  COLONY_IDLE_MINUTES: z.coerce.number().positive().default(30),
});

/** What a worker process is told by its environment; read once, in an entry file. */
export interface WorkerConfig {
  readonly folder: StateFolder;
  /** Folder with bot, worker, sandbox … and node_modules that everybody may read. */
  readonly codeRoot: string;
  readonly nodePath: string;
  readonly configFile: string;
  readonly redisUrl: string | undefined;
  readonly bytesRedisUrl: string | undefined;
  readonly host: string;
  readonly drivers: number;
  readonly driverConcurrency: number;
  readonly previewPort: number;
  readonly idleMs: number;
}

/** Parses the environment; a bad value is a ZodError that names the variable. */
export function parseWorkerConfig(
  environment: Readonly<Record<string, string | undefined>>,
): WorkerConfig {
  const e = environmentSchema.parse(environment);
  const folder = stateFolder(e.COLONY_HOME, e.COLONY_SHARED);
  const codeRoot = e.COLONY_RUNTIME ?? new URL("..", import.meta.url).pathname.replace(/\/$/, "");
  return {
    folder,
    codeRoot,
    nodePath: e.COLONY_RUNTIME === undefined ? process.execPath : `${codeRoot}/bin/node`,
    configFile: e.COLONY_CONFIG ?? folder.configFile,
    redisUrl: e.REDIS_URL,
    bytesRedisUrl: e.COLONY_BYTES_REDIS,
    // BullMQ queue names and DNS labels take no dots.
    host: e.COLONY_HOST ?? hostname().split(".")[0] ?? "localhost",
    drivers: e.COLONY_DRIVERS,
    driverConcurrency: e.COLONY_DRIVER_CONCURRENCY,
    previewPort: e.COLONY_PREVIEW_PORT,
    idleMs: e.COLONY_IDLE_MINUTES * 60_000,
  };
}

import type { WorkerConfig } from "../config.ts";
import { takeFileLock } from "../process/file-lock.ts";
import { Client, openRedis } from "../protocol/client.ts";
import { openEmbeddedRedis, stopEmbeddedRedis } from "../redis/embedded.ts";
import { keepEmbeddedRedis } from "../redis/keep.ts";
import { redisFiles } from "../redis/settings.ts";
import { readAdminSettings } from "../settings/admin-settings.ts";
import { clientsLock, supervisorLock } from "../supervisor/paths.ts";
import {
  ensureSupervisor,
  isSupervised,
  type SupervisorOptions,
  takeClientsLock,
} from "./ensure-supervisor.ts";
import { CliError, exitCodes } from "./exit-codes.ts";

/** A command's connection to an installation. */
export interface Session extends AsyncDisposable {
  readonly client: Client;
  readonly config: WorkerConfig;
  /** Rejects when what serves us cannot be kept alive; else for ever pending. */
  readonly failed: Promise<never>;
}

export interface SessionOptions {
  readonly config: WorkerConfig;
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** False: only what is stored is read, nothing is to be done. */
  readonly needsWorker: boolean;
}

/**
 * Connects, and keeps what it needs running for as long as it needs it: the worker with its Redis,
 * or for reading only the Redis. Several commands share what the first one started.
 */
export async function openSession(options: SessionOptions): Promise<Session> {
  const { config, environment, needsWorker } = options;
  await using stack = new AsyncDisposableStack();
  const clients = await takeClientsLock(config);
  stack.defer(async () => {
    clients[Symbol.dispose]();
    if (config.redisUrl === undefined && !needsWorker) await stopUnusedRedis(config);
  });
  const admin = await readAdminSettings(config.configFile);
  const failed = Promise.withResolvers<never>();
  failed.promise.catch(() => {});
  const servedElsewhere = config.redisUrl !== undefined && (await hasHosts(config.redisUrl));
  if (needsWorker && !servedElsewhere) {
    stack.use(await keepSupervisor({ config, environment, admin }, failed.reject));
  } else if (config.redisUrl === undefined) {
    const redis = { folder: config.folder, name: "control" } as const;
    await openEmbeddedRedis(redis);
    // Whoever had started it may end it while we read.
    stack.use(keepEmbeddedRedis({ ...redis, onRestart() {}, onError: failed.reject }));
  }
  const address = config.redisUrl ?? redisFiles(config.folder, "control").socket;
  const client = stack.use(new Client(openRedis(address)));
  const owned = stack.move();
  return {
    client,
    config,
    failed: failed.promise,
    [Symbol.asyncDispose]: () => owned[Symbol.asyncDispose](),
  };
}

const mostRevivals = 5;
const calmMs = 60_000;

/** Has a worker running until disposed: tasks go on where a dead one left them. */
async function keepSupervisor(
  options: SupervisorOptions,
  onFailure: (error: unknown) => void,
): Promise<AsyncDisposable> {
  await ensureSupervisor(options);
  const ending = new AbortController();
  const { signal } = ending;
  const keep = async (): Promise<void> => {
    let revivals = 0;
    let revivedMs = 0;
    while (!signal.aborted) {
      await waitForLock(options.config, signal);
      if (signal.aborted) return;
      revivals = Date.now() - revivedMs > calmMs ? 1 : revivals + 1;
      revivedMs = Date.now();
      if (revivals > mostRevivals) {
        const sentence = "The worker dies again and again; `colony doctor` looks why.";
        throw new CliError(exitCodes.host, sentence);
      }
      await ensureSupervisor(options);
    }
  };
  const loop = keep().catch(onFailure);
  return {
    async [Symbol.asyncDispose]() {
      ending.abort();
      await loop;
    },
  };
}

/** The last one to read switches off the light. */
async function stopUnusedRedis(config: WorkerConfig): Promise<void> {
  using alone = await takeFileLock({
    path: clientsLock(config.folder),
    kind: "exclusive",
    timeoutMs: 0,
  });
  if (alone === undefined || (await isSupervised(config))) return;
  await stopEmbeddedRedis({ folder: config.folder, name: "control" });
}

/** Whether some host shows itself on a Redis that is not ours. */
async function hasHosts(address: string): Promise<boolean> {
  const redis = openRedis(address);
  try {
    let cursor = "0";
    do {
      const [next, found] = await redis.scan(cursor, "MATCH", "colony:host:*", "COUNT", 1_000);
      if (found.length > 0) return true;
      cursor = next;
    } while (cursor !== "0");
    return false;
  } finally {
    redis.disconnect();
  }
}

const lockWaitMs = 30_000;

/** The kernel wakes us: the worker's lock is free only when the worker is dead. */
async function waitForLock(config: WorkerConfig, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    using free = await takeFileLock({
      path: supervisorLock(config.folder),
      kind: "shared",
      timeoutMs: lockWaitMs,
      signal,
    });
    if (free !== undefined) return;
  }
}

import type { WorkerConfig } from "../config.ts";
import { takeFileLock } from "../process/file-lock.ts";
import { Client, openRedis } from "../protocol/client.ts";
import { openEmbeddedRedis, stopEmbeddedRedis } from "../redis/embedded.ts";
import { redisFiles } from "../redis/settings.ts";
import { readAdminSettings } from "../settings/admin-settings.ts";
import { clientsLock, supervisorLock } from "../supervisor/paths.ts";
import {
  ensureSupervisor,
  isSupervised,
  type SupervisorOptions,
  takeClientsLock,
} from "./ensure-supervisor.ts";

/** A command's connection to an installation. */
export interface Session extends AsyncDisposable {
  readonly client: Client;
  readonly config: WorkerConfig;
  /** Resolves when the worker that serves us is gone; for ever pending where others serve us. */
  workerGone(signal: AbortSignal): Promise<void>;
  /** Starts a worker again after `workerGone`. */
  reviveWorker(): Promise<void>;
}

export interface SessionOptions {
  readonly config: WorkerConfig;
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** False: only what is stored is read, nothing is to be done. */
  readonly needsWorker: boolean;
}

/**
 * Connects, and starts what is missing for as long as it is needed: the worker with its Redis, or
 * for reading only the Redis. Several commands share what the first one started.
 */
export async function openSession(options: SessionOptions): Promise<Session> {
  const { config } = options;
  await using stack = new AsyncDisposableStack();
  const clients = await takeClientsLock(config);
  stack.defer(async () => {
    clients[Symbol.dispose]();
    if (config.redisUrl === undefined && !options.needsWorker) await stopUnusedRedis(config);
  });
  const supervisor: SupervisorOptions = {
    config,
    environment: options.environment,
    admin: await readAdminSettings(config.configFile),
  };
  const servedElsewhere = config.redisUrl !== undefined && (await hasHosts(config.redisUrl));
  if (options.needsWorker && !servedElsewhere) await ensureSupervisor(supervisor);
  else if (config.redisUrl === undefined && !(await isSupervised(config))) {
    await openEmbeddedRedis({ folder: config.folder, name: "control" });
  }
  const address = config.redisUrl ?? redisFiles(config.folder, "control").socket;
  const client = stack.use(new Client(openRedis(address)));
  const owned = stack.move();
  return {
    client,
    config,
    async workerGone(signal) {
      if (servedElsewhere || !options.needsWorker) return untilAborted(signal);
      await waitForLock(config, signal);
    },
    async reviveWorker() {
      await ensureSupervisor(supervisor);
    },
    [Symbol.asyncDispose]: () => owned[Symbol.asyncDispose](),
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

function untilAborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    signal.addEventListener("abort", () => resolve(), { once: true });
  });
}

import { chmod, chown, mkdir } from "node:fs/promises";
import { extname, join } from "node:path";
import type { WorkerConfig } from "../config.ts";
import { takeFileLock } from "../process/file-lock.ts";
import { hostPath } from "../process/host-path.ts";
import { asNobody } from "../process/lowered.ts";
import { diesWithUs } from "../process/start-process.ts";
import { readColonyUser } from "../process/system-user.ts";
import { stopEmbeddedRedis } from "../redis/embedded.ts";
import { pingRedis } from "../redis/ping.ts";
import { redisFiles } from "../redis/settings.ts";
import { supervisorLock } from "../supervisor/paths.ts";
import type { Caller, Environment } from "./caller.ts";
import {
  isSupervised,
  lastWords,
  openWorkerLog,
  type SupervisorOptions,
  supervisorArguments,
  supervisorEnvironment,
} from "./ensure-supervisor.ts";
import { type KeptProgram, keepProgram } from "./keep-program.ts";
import { answersOn } from "./ports.ts";

/** Saving the files of many sandboxes takes its time. */
const workerGraceMs = 120_000;
const botGraceMs = 15_000;

/** Address of control Redis, ours or the configured one. */
export function controlAddress(config: WorkerConfig): string {
  return config.redisUrl ?? redisFiles(config.folder, "control").socket;
}

/**
 * Keeps this host's worker running. One that commands have started for themselves is taken over as
 * it is; ours follows when it ends.
 */
export async function keepWorker(
  options: SupervisorOptions,
  note: (line: string) => void,
): Promise<KeptProgram> {
  const { config } = options;
  await prepareFolders(config);
  const log = await openWorkerLog(config);
  const kept = await keepProgram({
    name: "worker",
    argv: supervisorArguments(config, []),
    env: supervisorEnvironment(options),
    detached: true,
    stdio: ["ignore", log.fd, log.fd],
    mayStart: (signal) => untilUnsupervised(config, signal),
    isReady: async () =>
      (config.redisUrl !== undefined ||
        (await pingRedis(controlAddress(config), 2_000)) === "ready") &&
      isSupervised(config),
    lastWords: () => lastWords(config),
    note,
    graceMs: workerGraceMs,
    // It has sandboxes and servers of its own to end.
    orphanSignal: "TERM",
  });
  return closingWith(kept, async () => {
    await log.close();
    await stopOwnRedis(config);
  });
}

/** A worker that was killed could not end its servers. */
async function stopOwnRedis(config: WorkerConfig): Promise<void> {
  if (await isSupervised(config)) return;
  const { folder } = config;
  if (config.redisUrl === undefined) await stopEmbeddedRedis({ folder, name: "control" });
  if (config.redisUrl === undefined && config.bytesRedisUrl === undefined)
    await stopEmbeddedRedis({ folder, name: "bytes" });
}

/** Keeps the bot running, as the unprivileged user and from the copy of the code it may read. */
export async function keepBot(
  options: SupervisorOptions & { readonly port: number; readonly caller: Caller },
  note: (line: string) => void,
): Promise<KeptProgram> {
  const { config, port } = options;
  await prepareFolders(config);
  const user = await readColonyUser();
  const log = await openWorkerLog(config, "bot");
  const entry = join(config.codeRoot, "bot", `main${extname(import.meta.filename)}`);
  const kept = await keepProgram({
    name: "bot",
    argv: [...asNobody(user), ...diesWithUs("KILL"), config.nodePath, entry],
    env: botEnvironment(options),
    detached: true,
    stdio: ["ignore", log.fd, log.fd],
    isReady: () => answersOn(port),
    lastWords: () => lastWords(config, "bot"),
    note,
    graceMs: botGraceMs,
    orphanSignal: "KILL",
  });
  return closingWith(kept, () => log.close());
}

/** Only what the bot needs: no model's key, nothing of the caller's shell. */
export function botEnvironment(
  options: SupervisorOptions & { readonly port: number; readonly caller: Caller },
): Record<string, string> {
  const { config, admin, environment, port, caller } = options;
  const bytes =
    config.bytesRedisUrl ?? config.redisUrl ?? redisFiles(config.folder, "bytes").socket;
  return {
    ...pick(
      environment,
      /^(SLACK|DISCORD)_\w+$|^(https?|no)_proxy$|^NODE_EXTRA_CA_CERTS$|^COLONY_LOG_LEVEL$|^LANG$/i,
    ),
    PATH: hostPath,
    COLONY_HOME: config.folder.home,
    REDIS_URL: controlAddress(config),
    COLONY_BYTES_REDIS: bytes,
    PORT: String(port),
    COLONY_PREVIEW_PORT: String(admin.previewPort ?? config.previewPort),
    COLONY_CALLER_UID: String(caller.uid),
    COLONY_CALLER_GID: String(caller.gid),
    COLONY_CALLER_HOME: caller.home,
  };
}

function pick(environment: Environment, names: RegExp): Record<string, string> {
  return Object.fromEntries(
    Object.entries(environment).filter(
      (entry): entry is [string, string] => entry[1] !== undefined && names.test(entry[0]),
    ),
  );
}

/** The way in is open to the unprivileged processes; what is theirs belongs to them. */
async function prepareFolders(config: WorkerConfig): Promise<void> {
  const { home, logs, bot } = config.folder;
  await mkdir(home, { recursive: true, mode: 0o755 });
  const { uid, gid } = await readColonyUser();
  for (const folder of [logs, bot]) {
    await mkdir(folder, { recursive: true, mode: 0o750 });
    await chown(folder, uid, gid);
    await chmod(folder, 0o750);
  }
}

const lockWaitMs = 30_000;

async function untilUnsupervised(config: WorkerConfig, signal: AbortSignal): Promise<void> {
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

function closingWith(kept: KeptProgram, close: () => Promise<void>): KeptProgram {
  return {
    failed: kept.failed,
    async [Symbol.asyncDispose]() {
      await kept[Symbol.asyncDispose]();
      await close();
    },
  };
}

import { type FileHandle, mkdir, open, readFile } from "node:fs/promises";
import { extname, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { WorkerConfig } from "../config.ts";
import { type FileLock, takeFileLock } from "../process/file-lock.ts";
import { hostPath } from "../process/host-path.ts";
import { asWorker } from "../process/lowered.ts";
import { startProcess } from "../process/start-process.ts";
import { pingRedis } from "../redis/ping.ts";
import { redisFiles } from "../redis/settings.ts";
import type { AdminSettings } from "../settings/admin-settings.ts";
import { clientsLock, supervisorLock } from "../supervisor/paths.ts";
import { CliError, exitCodes } from "./exit-codes.ts";
import { cleanLine } from "./show/clean-text.ts";

const startTimeoutMs = 120_000;
const pollMs = 100;

/** What a worker is started with. */
export interface SupervisorOptions {
  readonly config: WorkerConfig;
  readonly admin: AdminSettings;
  readonly environment: Readonly<Record<string, string | undefined>>;
}

/** Shared with every other command, and what keeps a worker that was started for them. */
export async function takeClientsLock(config: WorkerConfig): Promise<FileLock> {
  const options = { path: clientsLock(config.folder), kind: "shared", timeoutMs: 60_000 } as const;
  const lock = await takeFileLock(options).catch((cause: unknown) => {
    const code = cause instanceof Error && "code" in cause ? ` (${String(cause.code)})` : "";
    throw new CliError(
      exitCodes.host,
      `The state folder ${config.folder.home} cannot be written${code}; choose another with --home.`,
      { cause },
    );
  });
  if (lock !== undefined) return lock;
  throw new CliError(exitCodes.host, "Another colony command is ending for too long; try again.");
}

/** Whether a worker lives on this state folder. */
export async function isSupervised(config: WorkerConfig): Promise<boolean> {
  using free = await takeFileLock({
    path: supervisorLock(config.folder),
    kind: "shared",
    timeoutMs: 0,
  });
  return free === undefined;
}

/**
 * Has a worker running on this state folder: the one that is there, else a new one, detached,
 * that ends by itself when no command and no task needs it. Hold the clients' lock meanwhile.
 */
export async function ensureSupervisor(options: SupervisorOptions): Promise<"found" | "started"> {
  const { config } = options;
  using starting = await takeFileLock({
    path: join(config.folder.home, "supervisor-start.lock"),
    kind: "exclusive",
    timeoutMs: startTimeoutMs,
  });
  if (starting === undefined) {
    throw new CliError(
      exitCodes.host,
      "Another command has been starting the worker for too long.",
    );
  }
  if (await isSupervised(config)) {
    // It may be ending just now.
    const hasEnded = async () => !(await isSupervised(config));
    if (await untilReady(config, hasEnded)) return "found";
  }
  await using log = await openWorkerLog(config);
  const child = await startProcess({
    argv: supervisorArguments(config, ["--until-idle"]),
    env: supervisorEnvironment(options),
    detached: true,
    stdio: ["ignore", log.fd, log.fd],
  });
  let hasExited = false;
  child.once("exit", () => {
    hasExited = true;
  });
  child.unref();
  // One that finds the place taken ends, and the other is as good.
  const hasEnded = async () => hasExited && !(await isSupervised(config));
  if (await untilReady(config, hasEnded)) return "started";
  throw new CliError(exitCodes.host, `The worker ended at its start: ${await lastWords(config)}`);
}

/** Command line of a worker, from the copy of the code that everybody may read. */
export function supervisorArguments(
  config: WorkerConfig,
  more: readonly string[],
): [string, ...string[]] {
  const entry = join(config.codeRoot, "worker", `main${extname(import.meta.filename)}`);
  return [...asWorker, config.nodePath, entry, ...more];
}

/** The caller's environment with our paths and the administrator's word in it. */
export function supervisorEnvironment(options: SupervisorOptions): Record<string, string> {
  const { config, admin, environment } = options;
  const inherited = Object.entries(environment).filter(
    (entry): entry is [string, string] => entry[1] !== undefined,
  );
  const drivers = Math.min(config.drivers, admin.concurrency ?? config.drivers);
  return {
    ...Object.fromEntries(inherited),
    PATH: environment.PATH ?? hostPath,
    COLONY_HOME: config.folder.home,
    COLONY_SHARED: config.folder.shared,
    COLONY_CONFIG: config.configFile,
    COLONY_PREVIEW_PORT: String(admin.previewPort ?? config.previewPort),
    COLONY_IDLE_MINUTES: String((admin.idle ?? config.idleMs) / 60_000),
    COLONY_DRIVERS: String(drivers),
    ...(admin.concurrency === undefined
      ? {}
      : { COLONY_DRIVER_CONCURRENCY: String(Math.ceil(admin.concurrency / drivers)) }),
  };
}

const maxLogBytes = 20 * 1024 * 1024;

/** The worker's log, begun anew when it has grown large. */
export async function openWorkerLog(config: WorkerConfig, name = "worker"): Promise<FileHandle> {
  await mkdir(config.folder.home, { recursive: true, mode: 0o755 });
  const log = await open(join(config.folder.home, `${name}.log`), "a", 0o600);
  if ((await log.stat()).size > maxLogBytes) await log.truncate();
  return log;
}

/** False when it ended before it was ready: before it held its lock and its Redis answered. */
async function untilReady(
  config: WorkerConfig,
  hasEnded: () => Promise<boolean>,
): Promise<boolean> {
  const deadlineMs = Date.now() + startTimeoutMs;
  const { socket } = redisFiles(config.folder, "control");
  for (;;) {
    if (await hasEnded()) return false;
    const answers = config.redisUrl !== undefined || (await pingRedis(socket, 2_000)) === "ready";
    if (answers && (await isSupervised(config))) return true;
    if (Date.now() > deadlineMs) {
      const words = await lastWords(config);
      throw new CliError(exitCodes.host, `The worker does not get ready: ${words}`);
    }
    await sleep(pollMs);
  }
}

/** The last thing that a program said which reads as a sentence, for whoever started it. */
export async function lastWords(config: WorkerConfig, name = "worker"): Promise<string> {
  const path = join(config.folder.home, `${name}.log`);
  const lines = (await readFile(path, "utf8").catch(() => "")).trim().split("\n").slice(-40);
  const error = lines.findLast((line) => /^(\w*Error|error): |^[A-Z].*\.$/.test(line));
  const words = cleanLine((error ?? lines.at(-1) ?? "").replace(/^\w*Error: /, ""), 500);
  return `${words === "" ? "it said nothing" : words} (log: ${path})`;
}

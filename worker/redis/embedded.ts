import { existsSync } from "node:fs";
import { mkdir, open, readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import type { StateFolder } from "../../sandbox/state-folder.ts";
import { type FileLock, takeFileLock } from "../process/file-lock.ts";
import { hostPath } from "../process/host-path.ts";
import { asNobody } from "../process/lowered.ts";
import { startProcess } from "../process/start-process.ts";
import { readColonyUser } from "../process/system-user.ts";
import { EmbeddedRedisError, prepareRedisFolder } from "./folder.ts";
import { pingRedis } from "./ping.ts";
import { type Repair, repairAppendOnlyFile } from "./repair.ts";
import { type RedisFiles, type RedisName, redisArguments, redisFiles } from "./settings.ts";

/** Which server of which installation. */
export interface EmbeddedRedisOptions {
  readonly folder: StateFolder;
  readonly name: RedisName;
  /** Loading a large log takes a while. */
  readonly timeoutMs?: number;
}

/** A server that answers. Disposing stops it; a process that dies without leaves it running. */
export interface EmbeddedRedis extends AsyncDisposable {
  /** Path of its unix socket, for root and the user colony only. */
  readonly address: string;
  /** Somebody had started it before. */
  readonly adopted: boolean;
  readonly repair?: Repair;
}

const defaultTimeoutMs = 120_000;
const longestSocketPath = 107;

/**
 * Adopts the installation's server or starts it: on a unix socket below the state folder, as the
 * user colony, in a session of its own. It holds a lock for life, so a second one never starts on
 * the same files, and a socket or pid file left behind by a dead one is told from a live one.
 */
export async function openEmbeddedRedis(options: EmbeddedRedisOptions): Promise<EmbeddedRedis> {
  const { folder, name, timeoutMs = defaultTimeoutMs } = options;
  const files = redisFiles(folder, name);
  if (Buffer.byteLength(files.socket) > longestSocketPath) {
    throw new EmbeddedRedisError(
      name,
      `The state folder's path is too long for a socket (${files.socket}); choose a shorter one with --home.`,
    );
  }
  const user = await readColonyUser();
  await prepareRedisFolder(folder, name, user);
  using _starting = await takeStartLock(files, name, timeoutMs);
  const deadlineMs = Date.now() + timeoutMs;
  const stop = () => stopEmbeddedRedis(options);
  const life = await takeLifeLock(files, name, deadlineMs);
  if (life === "answers") {
    return { address: files.socket, adopted: true, [Symbol.asyncDispose]: stop };
  }
  using own = life;
  const first = await startServer(files, name, user, own.fd, deadlineMs);
  if (first === "ready")
    return { address: files.socket, adopted: false, [Symbol.asyncDispose]: stop };
  const repair =
    name === "control" ? await repairAppendOnlyFile(files, user, Date.now()) : undefined;
  const second =
    repair === undefined ? "ended" : await startServer(files, name, user, own.fd, deadlineMs);
  if (repair === undefined || second === "ended") {
    throw new EmbeddedRedisError(
      name,
      `redis-server ended at its start: ${await lastWords(files.log)} (log: ${files.log})`,
    );
  }
  return { address: files.socket, adopted: false, repair, [Symbol.asyncDispose]: stop };
}

/** Ends the server in order, its log synced; nothing happens when there is none. */
export async function stopEmbeddedRedis(
  options: EmbeddedRedisOptions,
  waitMs = 20_000,
): Promise<void> {
  const files = redisFiles(options.folder, options.name);
  await mkdir(files.dir, { recursive: true });
  using _starting = await takeStartLock(files, options.name, waitMs);
  const pid = await readServerPid(files);
  if (pid !== undefined) process.kill(pid, "SIGTERM");
  using gentle = await takeFileLock({
    path: files.lifeLock,
    kind: "exclusive",
    timeoutMs: pid === undefined ? 0 : waitMs,
  });
  if (gentle === undefined) {
    const again = await readServerPid(files);
    if (again !== undefined) process.kill(again, "SIGKILL");
    using forced = await takeFileLock({
      path: files.lifeLock,
      kind: "exclusive",
      timeoutMs: 10_000,
    });
    if (forced === undefined) {
      throw new EmbeddedRedisError(options.name, "The embedded redis-server could not be ended.");
    }
  }
  await Promise.all([rm(files.socket, { force: true }), rm(files.pid, { force: true })]);
}

/** Pid of the live server, checked against its command line: a pid file may name a stranger. */
export async function readServerPid(files: RedisFiles): Promise<number | undefined> {
  const text = await readFile(files.pid, "utf8").catch(() => "");
  const pid = Number(text.trim());
  if (!Number.isInteger(pid) || pid <= 1) return undefined;
  const title = await readFile(`/proc/${pid}/cmdline`, "utf8").catch(() => "");
  return title.includes("redis-server") && title.includes(files.socket) ? pid : undefined;
}

async function takeStartLock(files: RedisFiles, name: RedisName, timeoutMs: number) {
  const lock = await takeFileLock({ path: files.startLock, kind: "exclusive", timeoutMs });
  if (lock !== undefined) return lock;
  throw new EmbeddedRedisError(
    name,
    `Another process has been starting or stopping redis-server in ${files.dir} for too long.`,
  );
}

/**
 * The lock of the server's life, or word that one lives and answers. Both are looked at again and
 * again: a server that was killed a moment ago has closed its connections and still holds its lock.
 */
async function takeLifeLock(
  files: RedisFiles,
  name: RedisName,
  deadlineMs: number,
): Promise<FileLock | "answers"> {
  for (;;) {
    const lock = await takeFileLock({ path: files.lifeLock, kind: "exclusive", timeoutMs: 0 });
    if (lock !== undefined) return lock;
    const leftMs = deadlineMs - Date.now();
    if (leftMs <= 0) throw await silentError(files, name);
    if ((await pingRedis(files.socket, Math.min(leftMs, 5_000))) === "ready") return "answers";
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

/** Starts it with our lock in its hands and waits for its first answer or its end. */
async function startServer(
  files: RedisFiles,
  name: RedisName,
  user: { uid: number; gid: number },
  lifeFd: number,
  deadlineMs: number,
): Promise<"ready" | "ended"> {
  await Promise.all([rm(files.socket, { force: true }), rm(files.pid, { force: true })]);
  await using log = await open(files.log, "a", 0o600);
  if (!hostPath.split(":").some((bin) => existsSync(join(bin, "redis-server")))) {
    throw new EmbeddedRedisError(
      name,
      "redis-server cannot be started here; install it: apt-get install redis-server",
    );
  }
  const server = ["redis-server", ...redisArguments(files, name)] as const;
  const child = await startProcess({
    argv: process.getuid?.() === 0 ? [...asNobody(user), ...server] : server,
    env: { PATH: hostPath, LC_ALL: "C" },
    cwd: files.dir,
    detached: true,
    stdio: ["ignore", log.fd, log.fd, lifeFd],
  });
  let ended = false;
  child.once("exit", () => {
    ended = true;
  });
  child.unref();
  return waitUntilReady(files, name, deadlineMs, () => ended);
}

async function waitUntilReady(
  files: RedisFiles,
  name: RedisName,
  deadlineMs: number,
  hasEnded: () => boolean,
): Promise<"ready" | "ended"> {
  let pauseMs = 10;
  for (;;) {
    if (hasEnded()) return "ended";
    const leftMs = deadlineMs - Date.now();
    if (leftMs <= 0) throw await silentError(files, name);
    if ((await pingRedis(files.socket, Math.min(leftMs, 5_000))) === "ready") return "ready";
    await new Promise((resolve) => setTimeout(resolve, pauseMs));
    pauseMs = Math.min(pauseMs * 2, 250);
  }
}

async function silentError(files: RedisFiles, name: RedisName): Promise<EmbeddedRedisError> {
  const words = await lastWords(files.log);
  return new EmbeddedRedisError(name, `redis-server in ${files.dir} does not answer: ${words}`);
}

async function lastWords(logPath: string): Promise<string> {
  const text = await readFile(logPath, "utf8").catch(() => "");
  const lines = text.trim().split("\n").slice(-3);
  return lines.map((line) => line.replace(/^.*?[#*-] /, "").trim()).join(" ") || "it said nothing";
}

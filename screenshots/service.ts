import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { chown, mkdir, rm } from "node:fs/promises";
import { extname, join } from "node:path";
import { createInterface } from "node:readline";
import { openScreenshots, type Screenshots } from "./client.ts";
import { settledWithin } from "./deadline.ts";
import { folderPaths, namespaceCommand } from "./namespace.ts";
import { CaptureError } from "./protocol.ts";

const START_TIMEOUT_MS = 30_000;
const STOP_TIMEOUT_MS = 8_000;
const MAX_RESTART_DELAY_MS = 30_000;
const STEADY_MS = 60_000;

export interface ScreenshotsOptions {
  /** Holds the socket and, in the namespace only, the profiles. Made if missing. */
  readonly folder: string;
  readonly nodePath: string;
  /** Root of our code, readable for `uid`. */
  readonly codeRoot: string;
  readonly uid: number;
  readonly gid: number;
  /** Folders that the browser's processes must not see, such as stores and keys. */
  readonly hiddenPaths?: readonly string[];
  /** Captures at once. */
  readonly places?: number;
  /** Captures by one browser before it is replaced. */
  readonly maxCaptures?: number;
  readonly log?: (line: string) => void;
}

/** A running service; disposing ends the browser and removes what it made. */
export interface ScreenshotsService extends Screenshots, AsyncDisposable {
  readonly socketPath: string;
  /** First process of the service, as the host numbers it. */
  readonly pid: number | undefined;
}

/** Starts the service as root starts it: in namespaces of its own, as an ordinary user. */
export async function startScreenshots(options: ScreenshotsOptions): Promise<ScreenshotsService> {
  const paths = folderPaths(options.folder);
  const log = options.log ?? (() => {});
  await rm(options.folder, { recursive: true, force: true });
  await mkdir(paths.work, { recursive: true, mode: 0o755 });
  await chown(options.folder, options.uid, options.gid);
  let child = launch(options, paths, log);
  let ended = false;
  let restartTimer: NodeJS.Timeout | undefined;
  let delayMs = 250;
  let startedMs = Date.now();

  const keepUp = (lost: ChildProcess) => {
    lost.once("exit", (exitCode, signal) => {
      if (ended) return;
      log(`the service for pictures ended (${signal ?? exitCode}); starting it again`);
      delayMs =
        Date.now() - startedMs > STEADY_MS ? 250 : Math.min(delayMs * 2, MAX_RESTART_DELAY_MS);
      restartTimer = setTimeout(() => {
        startedMs = Date.now();
        child = launch(options, paths, log);
        keepUp(child);
      }, delayMs);
    });
  };
  try {
    await untilReady(child);
  } catch (error) {
    await stop(child);
    await rm(options.folder, { recursive: true, force: true });
    throw error;
  }
  keepUp(child);
  return {
    ...openScreenshots(paths.socket),
    socketPath: paths.socket,
    get pid() {
      return child.pid;
    },
    async [Symbol.asyncDispose]() {
      ended = true;
      clearTimeout(restartTimer);
      await stop(child);
      await rm(options.folder, { recursive: true, force: true });
    },
  };
}

function launch(
  options: ScreenshotsOptions,
  paths: ReturnType<typeof folderPaths>,
  log: (line: string) => void,
): ChildProcess {
  const [file, ...args] = namespaceCommand({
    nodePath: options.nodePath,
    entryPath: join(options.codeRoot, "screenshots", `main${extname(import.meta.filename)}`),
    entryOptions: JSON.stringify({
      socketPath: paths.socket,
      workFolder: paths.work,
      places: options.places ?? 3,
      maxCaptures: options.maxCaptures ?? 200,
      processBytes: 1_000_000_000,
      totalBytes: 1_600_000_000,
    }),
    workFolder: paths.work,
    hiddenPaths: options.hiddenPaths ?? [],
    uid: options.uid,
    gid: options.gid,
  });
  const child = spawn(file!, args, {
    cwd: "/",
    stdio: ["pipe", "pipe", "pipe"],
    env: { PATH: "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", LANG: "C.UTF-8" },
  });
  child.stdin.on("error", () => {});
  createInterface({ input: child.stderr }).on("line", log);
  return child;
}

async function untilReady(child: ChildProcess): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  let said = "";
  const onError = (chunk: Buffer) => {
    said = `${said}${String(chunk)}`.slice(-2000);
  };
  const fail = (why: string) => {
    const last = said.trim().split("\n").at(-1);
    const cause = last ? `${why} (${last})` : why;
    reject(new CaptureError("busy", `The service for pictures does not start: ${cause}.`));
  };
  child.stderr?.on("data", onError);
  child.stdout?.once("data", () => resolve());
  child.once("error", (error) => fail(error.message));
  child.once("close", (exitCode, signal) => fail(`it ended with ${signal ?? exitCode}`));
  const timer = setTimeout(() => fail("it is not ready in time"), START_TIMEOUT_MS);
  await promise.finally(() => {
    clearTimeout(timer);
    child.stderr?.off("data", onError);
  });
}

/** Its input ends, so it does; what is left after that is killed with its namespace. */
async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exited = once(child, "exit");
  child.stdin?.end();
  if (await settledWithin(exited, STOP_TIMEOUT_MS)) return;
  child.kill("SIGKILL");
  await exited;
}

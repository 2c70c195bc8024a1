import { join } from "node:path";
import type { StateFolder } from "../../sandbox/state-folder.ts";

/** `control` is the truth and survives a power cut; `bytes` carries terminal output in transit. */
export type RedisName = "control" | "bytes";

/** Files of one embedded server. */
export interface RedisFiles {
  readonly dir: string;
  readonly socket: string;
  readonly pid: string;
  readonly log: string;
  /** Held by the server itself for as long as it lives. */
  readonly lifeLock: string;
  /** Held by whoever starts, repairs or stops it. */
  readonly startLock: string;
  readonly aofManifest: string;
}

export function redisFiles(folder: StateFolder, name: RedisName): RedisFiles {
  const at = (ending: string) => join(folder.redis, `${name}${ending}`);
  return {
    dir: folder.redis,
    socket: at(".sock"),
    pid: at(".pid"),
    log: at(".log"),
    lifeLock: at(".life.lock"),
    startLock: at(".start.lock"),
    aofManifest: join(folder.redis, `${name}-aof`, `${name}.aof.manifest`),
  };
}

const bytesMemory = "256mb";

/** Command line of the server: everything is said here, no configuration file is read. */
export function redisArguments(files: RedisFiles, name: RedisName): readonly string[] {
  const settings: Record<string, string> = {
    port: "0",
    unixsocket: files.socket,
    unixsocketperm: "700",
    dir: files.dir,
    pidfile: files.pid,
    daemonize: "no",
    databases: "1",
    save: "",
    timeout: "0",
    // What does not fit is refused, never dropped behind its writer's back.
    "maxmemory-policy": "noeviction",
    ...(name === "control" ? controlSettings : { appendonly: "no", maxmemory: bytesMemory }),
  };
  return Object.entries(settings).flatMap(([key, value]) => [`--${key}`, value]);
}

const controlSettings = {
  appendonly: "yes",
  appendfsync: "always",
  appenddirname: "control-aof",
  appendfilename: "control.aof",
  // A kill in the middle of a write leaves half a command, which was never acknowledged.
  "aof-load-truncated": "yes",
  "aof-use-rdb-preamble": "yes",
};

import { join } from "node:path";

/** Every path of one installation, from its two roots; nothing here touches the disk. */
export interface StateFolder {
  /** State of this installation (`COLONY_HOME`). */
  readonly home: string;
  /** Immutable things that all installations of a host share (`COLONY_SHARED`). */
  readonly shared: string;
  /** Folder of the wanted tools only (jj, git, crun, mount …), newest first on PATH. */
  readonly toolsBin: string;
  readonly images: string;
  /** What sandboxes have fetched and the host has checked. */
  readonly downloads: string;
  /** Root-owned, world-readable copies of our code, one folder per content hash. */
  readonly runtimes: string;
  readonly agents: string;
  /** 0700: uppers, bundles, specs; one folder per sandbox. */
  readonly sandboxes: string;
  /** 0711: sockets and mount points of sandboxes. */
  readonly run: string;
  /** 0700: what steps of `image` and `setup` left, for sandboxes to stand on. */
  readonly layers: string;
  readonly repositories: string;
  readonly redis: string;
  readonly logs: string;
  readonly bot: string;
  readonly configFile: string;
}

/** Maps the two roots to all paths. */
export function stateFolder(home: string, shared = join(home, "shared")): StateFolder {
  return {
    home,
    shared,
    toolsBin: join(shared, "tools", "bin"),
    images: join(shared, "images"),
    downloads: join(shared, "downloads"),
    runtimes: join(shared, "runtime"),
    agents: join(shared, "agents"),
    sandboxes: join(home, "sandboxes"),
    run: join(home, "run"),
    layers: join(home, "layers"),
    repositories: join(home, "repositories"),
    redis: join(home, "redis"),
    logs: join(home, "logs"),
    bot: join(home, "bot"),
    configFile: join(home, "config.yml"),
  };
}

/** Raw output of a sandbox's processes, one `<name>.out` each. */
export function spoolFolder(folder: StateFolder, sandboxId: string): string {
  return join(folder.sandboxes, sandboxId, "spool");
}

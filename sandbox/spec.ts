import type { StateFolder } from "./state-folder.ts";
import type { WorkspaceMount } from "./workspace.ts";

/** What a sandbox is made of. Plain data: it is written to disk and read by the keeper. */
export interface SandboxSpec {
  /** One sandbox per task: the task's id. Also the keeper's identity; `[a-z0-9-]{1,32}`. */
  readonly id: string;
  /** Fencing number of the run that made it; written into labels. */
  readonly epoch: number;
  readonly hostname: string;
  /** Absent: an empty folder at `/workspace`. */
  readonly workspace?: WorkspaceMount;
  /** `attachWorkspace` brings it while the sandbox runs: the two are then made side by side. */
  readonly workspaceLater?: true;
  /** Key of an image of this host; absent: the host's own, or the one that it was begun with. */
  readonly image?: string;
  /** Keys of layers above the image, lowest first: see `ensureLayers`. */
  readonly layers?: readonly string[];
  /** Whose checked downloads it finds in its caches: 16 hexadecimal digits. Absent: nobody's. */
  readonly downloads?: string;
  /** Extra read-only binds, such as our code at /opt/colony or an agent at /opt/agents/codex. */
  readonly binds: readonly { readonly source: string; readonly target: string }[];
  readonly limits: SandboxLimits;
  readonly egress: EgressPolicy;
  /** What people have decided about single hosts so far. */
  readonly egressRules?: readonly EgressRule[];
  readonly egressLimits?: EgressLimits;
  /** Ports on the sandbox's 127.0.0.1 that lead to unix sockets of the host (model gateway: 4010). */
  readonly forwards: readonly { readonly port: number; readonly socketPath: string }[];
}

export interface SandboxLimits {
  readonly memoryBytes: number;
  readonly pids: number;
  readonly cpus: number;
  readonly diskBytes: number;
  readonly openFiles: number;
}

/**
 * `packages`: registries the host itself is set up to use. Names may start with `*.` and mean ports
 * 80 and 443, or end in the one port that they mean (`git.example.com:22`).
 */
export type EgressPolicy =
  | { readonly kind: "none" }
  | { readonly kind: "packages"; readonly alsoNames: readonly string[] }
  | { readonly kind: "names"; readonly names: readonly string[] }
  | { readonly kind: "open"; readonly alsoNames?: readonly string[] };

/** What a person decided about one host; it counts more than the policy. */
export interface EgressRule {
  readonly host: string;
  /** Ports beside 80 and 443. */
  readonly ports: readonly number[];
  readonly verdict: "allow" | "block";
  /** How long it holds: `once` until `untilMs`. */
  readonly scope: "once" | "task" | "repository";
  readonly untilMs?: number;
  /** Who decided, for the ledger. */
  readonly by: string;
}

/** Bounds of one sandbox's network; what is absent is not bounded. */
export interface EgressLimits {
  /** Both ways together, over the sandbox's whole life. */
  readonly bytes?: number;
  /** At the same time. */
  readonly connections?: number;
  readonly bytesPerSecond?: number;
}

/** A program to run inside. `terminal` gives it a PTY, else pipes (stdout and stderr apart). */
export interface ProcessSpec {
  /** Name of the spool files; starting a name that lives or has ended is a no-op. `[a-z0-9-]+` */
  readonly name: string;
  readonly argv: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly cwd: string;
  readonly terminal?: { readonly columns: number; readonly rows: number };
}

/** How a program ended, in a shell's terms: killed by SIGKILL is `137` and `"SIGKILL"`. */
export interface Exit {
  /** null: it did not end by itself and nobody could wait for it (the sandbox was ended). */
  readonly exitCode: number | null;
  readonly signal: string | null;
  /** Killed by the memory limit, as the kernel's counter says. */
  readonly outOfMemory: boolean;
  /** The sandbox was stopped because its files outgrew their limit. */
  readonly diskFull?: true;
}

/** A spooled process. Dropping the handle leaves it running. */
export interface SandboxProcess {
  readonly name: string;
  /** Path of the spool file with the raw output (stdout for pipes; all for a terminal). */
  readonly spoolPath: string;
  /** Bytes from `fromOffset`, following until exit; ends after the last byte of an ended process. */
  output(
    fromOffset: number,
    signal?: AbortSignal,
  ): AsyncIterable<{ readonly offset: number; readonly bytes: Buffer }>;
  /** Whole input written so far (pipes only); what an adopter needs to know what was answered. */
  inputSoFar(): Promise<Buffer>;
  write(bytes: Uint8Array | string): Promise<void>;
  closeInput(): Promise<void>;
  resize(columns: number, rows: number): Promise<void>;
  kill(signal: NodeJS.Signals): Promise<void>;
  /** Resolves at exit; rejects with KeeperLostError when the keeper dies first. */
  exited(): Promise<Exit>;
}

export interface ExecResult extends Exit {
  /** stdout and stderr as they came, capped: head and tail are kept when longer. */
  readonly output: string;
  readonly truncated: boolean;
  readonly timedOut: boolean;
}

/** Read from the kernel and the disk after the end, never from our own books. */
export interface Receipt {
  readonly processes: number;
  readonly mounts: number;
  readonly cgroups: number;
  readonly bytesReturned: number;
  readonly elapsedMs: number;
}

/** A live sandbox, held by its keeper. Disposing lets go of the connection only; `close` ends it. */
export interface Sandbox extends AsyncDisposable {
  readonly id: string;
  readonly folder: StateFolder;
  /** Process whose mount namespace holds the workspace; for jj. */
  readonly keeperPid: number;
  /** First uid of its range; for jj. */
  readonly uidBase: number;
  /** Unix socket that dials 127.0.0.1 inside: write `PORT\n`, read `OK\n`. */
  readonly dialerPath: string;
  /** Sentences about guarantees that this host cannot give. */
  readonly notEnforced: readonly string[];
  /** Mounts the workspace of a sandbox that was opened with `workspaceLater`; once is enough. */
  attachWorkspace(workspace: WorkspaceMount): Promise<void>;
  start(process: ProcessSpec): Promise<SandboxProcess>;
  process(name: string): Promise<SandboxProcess | undefined>;
  exec(
    argv: readonly string[],
    options: {
      readonly env?: Readonly<Record<string, string>>;
      readonly cwd?: string;
      readonly timeoutMs: number;
      readonly maxOutputBytes: number;
      readonly signal?: AbortSignal;
      /** Live output, for excerpts. */
      readonly onOutput?: (bytes: Buffer) => void;
    },
  ): Promise<ExecResult>;
  /** TCP ports that listen inside now. */
  listeningPorts(): Promise<readonly number[]>;
  /** Calls back with each change of the set; returns the stop function. */
  watchPorts(onChange: (ports: readonly number[]) => void): () => void;
  /** What people have decided about hosts by now, all of it; it takes effect at once. */
  setEgressRules(rules: readonly EgressRule[]): Promise<void>;
  /** Nothing moves inside until a program is started or spoken to, a port is dialled, or `wake`. */
  sleep(): Promise<void>;
  wake(): Promise<void>;
  /** Runs `act` while no process of the sandbox can move. */
  whileFrozen<T>(act: () => Promise<T>): Promise<T>;
  /** Kills everything, removes everything but the workspace's upper, and counts what is left. */
  close(): Promise<Receipt>;
  /** Resolves when the keeper is gone, for whatever reason. */
  gone(): Promise<void>;
}

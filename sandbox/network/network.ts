import { chmodSync, chownSync, rmSync } from "node:fs";
import { join } from "node:path";
import type { EgressLimits, EgressPolicy, EgressRule } from "../spec.ts";
import { openCommandsInside } from "./commands-inside.ts";
import { openEgressBook } from "./egress-book.ts";
import type { HostSettings } from "./egress-policy.ts";
import { dialerPath, keepRelay } from "./keep-relay.ts";
import { openLedger } from "./ledger.ts";
import { readListeningPorts, watchListeningPorts } from "./ports.ts";
import { openReports } from "./relay-reports.ts";
import type { Resolve } from "./upstream.ts";

/** See `openNetwork`. */
export interface NetworkOptions {
  /** In each ledger entry. */
  readonly task: string;
  /** Host pid of the sandbox's first process: it names the network namespace. */
  readonly initPid: number;
  /** Host pids of everything in the sandbox, to find the command behind a connection. */
  readonly processes: () => readonly number[];
  /** Whom the relay runs as: a uid that nobody else has. */
  readonly uid: number;
  readonly gid: number;
  /** Group that may use the dialer (previews, screenshots). */
  readonly dialerGid: number;
  /** 0711 folder of this sandbox for sockets; `dialer.sock` appears in it. */
  readonly runFolder: string;
  readonly egress: EgressPolicy;
  readonly rules: readonly EgressRule[];
  readonly limits: EgressLimits;
  /** Registries and proxies of this host: `readHostSettings`. */
  readonly host: HostSettings;
  /** Address ranges that the administrator allows although the built-in list refuses them. */
  readonly allowedRanges?: readonly string[];
  readonly forwards: readonly { readonly port: number; readonly socketPath: string }[];
  readonly ledgerPath: string;
  readonly statePath: string;
  /** Folder that the sandbox sees: the file `refused` appears in it. */
  readonly insideFolder: string;
  /** Addresses of a name; the host's own resolver unless told. */
  readonly resolve?: Resolve;
  readonly idleTimeoutMs?: number;
  /** Called with the number of those of the host that are connected to ports inside. */
  readonly onDialled?: (open: number) => void;
  /** Do without the kernel's program, as on hosts that have none. */
  readonly plainRelay?: true;
  /** Node and our code, both readable by `uid`. */
  readonly nodePath: string;
  readonly codeRoot: string;
  /** Put before that Node: see `seeingOnly`. */
  readonly confinement?: readonly string[];
}

/** A sandbox's only way out and in. */
export interface Network extends AsyncDisposable {
  readonly dialerPath: string;
  listeningPorts(): Promise<readonly number[]>;
  /** Calls back with each change of the set; returns the stop function. */
  watchPorts(onChange: (ports: readonly number[]) => void): () => void;
  /** What people have decided by now, all of it; takes effect at once. */
  setRules(rules: readonly EgressRule[]): void;
}

// Files are touched synchronously: on a busy host a thread costs more to wait for than the act.
const defaultIdleTimeoutMs = 15 * 60_000;

/** Opens the relay inside and the egress server here; disposing ends both. */
export async function openNetwork(options: NetworkOptions): Promise<Network> {
  await using stack = new AsyncDisposableStack();
  const ledger = stack.use(openLedger(options.ledgerPath, options.task));
  const { statePath, insideFolder, rules, idleTimeoutMs = defaultIdleTimeoutMs } = options;
  const book = stack.use(openEgressBook({ statePath, insideFolder }));
  book.rules(rules);
  const commands = openCommandsInside(options.initPid, options.processes);
  // Its sockets listen while the other half is loaded: it asks for nothing before Node is up.
  const onReport = openReports({
    ...{ ledger, book, commands },
    onDialled: (open) => options.onDialled?.(open),
  });
  const relay = keepRelay({ ...options, idleTimeoutMs }, onReport);
  stack.defer(async () => (await relay.catch(() => undefined))?.[Symbol.asyncDispose]());
  const [{ openEgressServer }, { resolveOnHost }] = await Promise.all([
    import("./egress.ts"),
    import("./upstream.ts"),
  ]);
  const path = join(options.runFolder, "egress.sock");
  rmSync(path, { force: true });
  const { egress: policy, host, limits, forwards, allowedRanges = [] } = options;
  const resolve = options.resolve ?? resolveOnHost;
  const server = stack.use(
    await openEgressServer(
      {
        ...{ path, policy, limits, host, forwards, allowedRanges },
        ...{ ledger, book, commands, resolve, idleTimeoutMs },
      },
      rules,
    ),
  );
  chownSync(path, 0, options.gid);
  chmodSync(path, 0o660);
  await relay;
  const owned = stack.move();
  const read = () => readListeningPorts(options.initPid, options.uid);
  return {
    dialerPath: dialerPath(options),
    listeningPorts: read,
    watchPorts: (onChange) => watchListeningPorts(read, onChange),
    setRules(next) {
      server.setRules(next);
      book.rules(next);
    },
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

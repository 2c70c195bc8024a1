import type { ChildProcess } from "node:child_process";
import { chmodSync, chownSync, mkdirSync, renameSync, rmSync } from "node:fs";
import { join } from "node:path";
import type { EgressPolicy } from "../spec.ts";
import type { HostSettings } from "./egress-policy.ts";
import type { RelayReport } from "./egress-protocol.ts";
import { type Ledger, openLedger } from "./ledger.ts";
import { readListeningPorts, watchListeningPorts } from "./ports.ts";
import { type RelayPlace, startRelay } from "./relay-process.ts";
import type { Resolve } from "./upstream.ts";

/** See `openNetwork`. */
export interface NetworkOptions {
  /** Host pid of the sandbox's first process: it names the network namespace. */
  readonly initPid: number;
  /** Whom the relay runs as: a uid that nobody else has. */
  readonly uid: number;
  readonly gid: number;
  /** Group that may use the dialer (previews, screenshots). */
  readonly dialerGid: number;
  /** 0711 folder of this sandbox for sockets; `dialer.sock` appears in it. */
  readonly runFolder: string;
  readonly egress: EgressPolicy;
  /** Registries and proxies of this host: `readHostSettings`. */
  readonly host: HostSettings;
  /** Address ranges that the administrator allows although the built-in list refuses them. */
  readonly allowedRanges?: readonly string[];
  readonly forwards: readonly { readonly port: number; readonly socketPath: string }[];
  readonly ledgerPath: string;
  /** Addresses of a name; the host's own resolver unless told. */
  readonly resolve?: Resolve;
  /** Node and our code, both readable by `uid`. */
  readonly nodePath: string;
  readonly codeRoot: string;
}

/** A sandbox's only way out and in. */
export interface Network extends AsyncDisposable {
  readonly dialerPath: string;
  listeningPorts(): Promise<readonly number[]>;
  /** Calls back with each change of the set; returns the stop function. */
  watchPorts(onChange: (ports: readonly number[]) => void): () => void;
}

// Files are touched synchronously: on a busy host a thread costs more to wait for than the act.
const maxRestarts = 20;
const restartDelayMs = 200;

/** Opens the relay inside and the egress server here; disposing ends both. */
export async function openNetwork(options: NetworkOptions): Promise<Network> {
  await using stack = new AsyncDisposableStack();
  const ledger = stack.use(await openLedger(options.ledgerPath));
  // Its sockets listen while the other half is loaded: it asks for nothing before Node is up.
  const relay = keepRelay(options, ledger);
  stack.defer(async () => (await relay.catch(() => undefined))?.[Symbol.asyncDispose]());
  const [{ openEgressServer }, { resolveOnHost }] = await Promise.all([
    import("./egress.ts"),
    import("./upstream.ts"),
  ]);
  const egressPath = join(options.runFolder, "egress.sock");
  rmSync(egressPath, { force: true });
  const { egress: policy, host, forwards, allowedRanges = [], resolve = resolveOnHost } = options;
  const server = { path: egressPath, policy, host, forwards, allowedRanges, ledger, resolve };
  stack.use(await openEgressServer(server));
  chownSync(egressPath, 0, options.gid);
  chmodSync(egressPath, 0o660);
  await relay;
  const owned = stack.move();
  const read = () => readListeningPorts(options.initPid, options.uid);
  return {
    dialerPath: dialerPath(options),
    listeningPorts: read,
    watchPorts: (onChange) => watchListeningPorts(read, onChange),
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

function dialerPath(options: NetworkOptions): string {
  return join(options.runFolder, "dialer.sock");
}

/** Runs the relay, and starts it again should hostile bytes ever end it. */
async function keepRelay(options: NetworkOptions, ledger: Ledger): Promise<AsyncDisposable> {
  const folder = join(options.runFolder, "relay");
  const place: RelayPlace = { ...options, folder };
  const config = {
    egressPath: "../egress.sock",
    dialerPath: "dialer.sock",
    forwards: options.forwards.map((forward) => forward.port),
    otherPorts: options.host.registries.filter(
      ({ scheme, port }) => port !== (scheme === "http" ? 80 : 443),
    ),
  };
  let closing = false;
  let restarts = 0;
  let child: ChildProcess | undefined;
  async function start(): Promise<void> {
    rmSync(folder, { recursive: true, force: true });
    mkdirSync(folder, { mode: 0o711 });
    chownSync(folder, options.uid, options.gid);
    const started = await startRelay(place, config, (report) => note(ledger, report));
    const inner = join(folder, "dialer.sock");
    chownSync(inner, 0, options.dialerGid);
    chmodSync(inner, 0o660);
    renameSync(inner, dialerPath(options));
    child = started;
    if (started.exitCode !== null || started.signalCode !== null) onExit();
    else started.once("exit", onExit);
  }
  function onExit(): void {
    if (closing || restarts >= maxRestarts) return;
    restarts += 1;
    setTimeout(() => closing || start().catch(onExit), restartDelayMs).unref();
  }
  await start();
  return {
    async [Symbol.asyncDispose]() {
      closing = true;
      const last = child;
      if (last === undefined || last.exitCode !== null || last.signalCode !== null) return;
      await new Promise<void>((resolve) => {
        last.once("exit", () => resolve());
        last.kill("SIGKILL");
      });
    },
  };
}

function note(ledger: Ledger, report: RelayReport): void {
  switch (report.report) {
    case "listening":
    case "ready":
      return;
    case "dns": {
      const { name: host, type: method } = report;
      ledger.write({ kind: "dns", host, port: 53, method, decision: "answered" });
      return;
    }
    case "request": {
      const { report: kind, name: host, ...rest } = report;
      ledger.write({ kind, host, decision: "allowed", ...rest });
      return;
    }
    case "refused": {
      const { kind, name: host, port, sentence: reason } = report;
      ledger.write({ kind, host, port, decision: "refused", reason });
    }
  }
}

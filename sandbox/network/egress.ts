import { connect, createServer, type Socket } from "node:net";
import { networkInterfaces } from "node:os";
import type { EgressPolicy } from "../spec.ts";
import { type Destination, decideEgress, type HostSettings } from "./egress-policy.ts";
import { type EgressAnswer, maxLineBytes, parseEgressRequest } from "./egress-protocol.ts";
import type { Ledger, LedgerEntry } from "./ledger.ts";
import { readLine } from "./read-line.ts";
import { splice } from "./splice.ts";
import {
  dialDirect,
  dialProxy,
  proxyAuthorization,
  type Resolve,
  type Upstream,
} from "./upstream.ts";

/** The trust boundary of the network: what comes in here was written by the sandbox's side. */
export interface EgressOptions {
  readonly path: string;
  readonly policy: EgressPolicy;
  readonly host: HostSettings;
  readonly forwards: readonly { readonly port: number; readonly socketPath: string }[];
  /** Ranges that the administrator allows beyond the built-in list. */
  readonly allowedRanges: readonly string[];
  readonly ledger: Ledger;
  readonly resolve: Resolve;
}

const maxConnections = 512;
const idleTimeoutMs = 15 * 60_000;
const requestTimeoutMs = 10_000;
/** A request line as long as the relay's parser lets through. */
const firstLine = { maxBytes: 40_960, timeoutMs: 60_000 } as const;

/** Opens the host's side of the network on a unix socket: it alone resolves and dials. */
export async function openEgressServer(options: EgressOptions): Promise<AsyncDisposable> {
  const open = new Set<Socket>();
  const server = createServer({ allowHalfOpen: true, pauseOnConnect: true }, (client) => {
    open.add(client);
    client.on("error", () => client.destroy()).once("close", () => open.delete(client));
    serve(options, client).catch(() => client.destroy());
  });
  server.maxConnections = maxConnections;
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(options.path, resolve);
  });
  return {
    [Symbol.asyncDispose]: () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve());
        for (const client of open) client.destroy();
      }),
  };
}

async function serve(options: EgressOptions, client: Socket): Promise<void> {
  const line = readLine(client, { maxBytes: maxLineBytes, timeoutMs: requestTimeoutMs });
  client.resume();
  const request = parseEgressRequest(await line);
  if (request === undefined) return void client.destroy();
  if (request.want === "forward") return serveForward(options, client, request.port);
  return serveName(options, client, request);
}

async function serveName(options: EgressOptions, client: Socket, to: Destination): Promise<void> {
  const startedMs = Date.now();
  function note(decision: LedgerEntry["decision"], more: Partial<LedgerEntry>): void {
    const ms = Date.now() - startedMs;
    options.ledger.write({
      kind: "connection",
      host: to.name,
      port: to.port,
      decision,
      ms,
      ...more,
    });
  }
  const decision = decideEgress(options.policy, options.host, to);
  if (decision.kind === "refused") {
    note("refused", { reason: decision.sentence });
    return answer(client, { ok: false, cause: "refused", sentence: decision.sentence });
  }
  const { route } = decision;
  const upstream = await dial(options, to, decision);
  if (upstream.kind !== "connected") {
    note(upstream.kind, { reason: upstream.sentence });
    return answer(client, { ok: false, cause: upstream.kind, sentence: upstream.sentence });
  }
  const { socket } = upstream;
  if (client.destroyed) return void socket.destroy();
  const before = { up: socket.bytesWritten, down: socket.bytesRead };
  answer(client, { ok: true, via: route === "direct" ? "direct" : "proxy" });
  try {
    if (route !== "direct" && to.scheme === "http")
      await rewriteForProxy(client, socket, to, route);
    await splice(client, socket, idleTimeoutMs);
  } finally {
    socket.destroy();
    note("allowed", {
      bytesUp: socket.bytesWritten - before.up,
      bytesDown: socket.bytesRead - before.down,
    });
  }
}

function dial(
  options: EgressOptions,
  to: Destination,
  allowed: { readonly route: URL | "direct"; readonly trustedName: boolean },
): Promise<Upstream> {
  // A proxy resolves by itself; that it may be reached is the host's own setting.
  if (allowed.route !== "direct") return dialProxy(to, allowed.route);
  const { trustedName } = allowed;
  const rules = { ownAddresses: ownAddresses(), allowedRanges: options.allowedRanges, trustedName };
  return dialDirect(to, rules, options.resolve);
}

function ownAddresses(): string[] {
  return Object.values(networkInterfaces()).flatMap((all) => all?.map((one) => one.address) ?? []);
}

/** A proxy wants the whole URL; the relay sends one request on each such connection. */
async function rewriteForProxy(
  client: Socket,
  socket: Socket,
  to: Destination,
  proxy: URL,
): Promise<void> {
  const line = readLine(client, firstLine);
  client.resume();
  const [method = "", path = "", version = ""] = (await line).trimEnd().split(" ");
  const authority = to.port === 80 ? to.name : `${to.name}:${to.port}`;
  const first = `${method} http://${authority}${path} ${version}\r\n`;
  socket.write(`${first}${proxyAuthorization(proxy)}`);
}

async function serveForward(options: EgressOptions, client: Socket, port: number): Promise<void> {
  const forward = options.forwards.find((one) => one.port === port);
  const startedMs = Date.now();
  const socket = forward === undefined ? undefined : await connectUnix(forward.socketPath);
  if (socket === undefined) {
    options.ledger.write({ kind: "forward", host: "localhost", port, decision: "unreachable" });
    const sentence = `nothing serves port ${port} on the host`;
    return answer(client, { ok: false, cause: "unreachable", sentence });
  }
  answer(client, { ok: true, via: "direct" });
  await splice(client, socket);
  options.ledger.write({
    kind: "forward",
    host: "localhost",
    port,
    decision: "allowed",
    bytesUp: socket.bytesWritten,
    bytesDown: socket.bytesRead,
    ms: Date.now() - startedMs,
  });
}

function connectUnix(path: string): Promise<Socket | undefined> {
  return new Promise((resolve) => {
    const socket = connect({ path, allowHalfOpen: true });
    socket.once("connect", () => resolve(socket));
    socket.on("error", () => {
      socket.destroy();
      resolve(undefined);
    });
  });
}

function answer(client: Socket, words: EgressAnswer): void {
  const line = `${JSON.stringify(words)}\n`;
  if (words.ok) client.write(line);
  else client.end(line, () => client.destroySoon());
}

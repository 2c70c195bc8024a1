import { ADDRCONFIG, promises as dns } from "node:dns";
import { connect as connectTcp, type Socket } from "node:net";
import { connect as connectTls } from "node:tls";
import { type AddressRules, addressProblem } from "./address-policy.ts";
import type { Destination } from "./egress-policy.ts";

/** All addresses of a name; the host's own resolver unless a test brings another. */
export type Resolve = (name: string) => Promise<readonly string[]>;

/** A connection out, or why there is none. */
export type Upstream =
  | { readonly kind: "connected"; readonly socket: Socket }
  | { readonly kind: "refused"; readonly sentence: string }
  | { readonly kind: "unreachable"; readonly sentence: string };

const connectTimeoutMs = 10_000;
const maxAddresses = 4;
const maxProxyHeadBytes = 16_384;

export async function resolveOnHost(name: string): Promise<readonly string[]> {
  const found = await dns.lookup(name, { all: true, hints: ADDRCONFIG });
  return found.map((one) => one.address);
}

/** Resolves once, checks each address, dials the checked ones in turn: no second look-up can differ. */
export async function dialDirect(
  to: Destination,
  rules: AddressRules,
  resolve: Resolve,
): Promise<Upstream> {
  let addresses: readonly string[];
  try {
    addresses = await resolve(to.name);
  } catch (error) {
    return unreachable(`${to.name} has no address (${codeOf(error)})`);
  }
  const problems = addresses.map((address) => addressProblem(address, rules));
  const allowed = addresses.filter((_, index) => problems[index] === undefined);
  if (allowed.length === 0 && addresses.length > 0) {
    return { kind: "refused", sentence: `${to.name} leads to ${addresses[0]}: ${problems[0]}` };
  }
  let last = "no address";
  for (const address of allowed.slice(0, maxAddresses)) {
    try {
      return { kind: "connected", socket: await open(address, to.port) };
    } catch (error) {
      last = codeOf(error);
    }
  }
  return unreachable(`${to.name}:${to.port} does not answer (${last})`);
}

/** Through the host's own proxy: a tunnel for TLS, the bare proxy for plain http. */
export async function dialProxy(to: Destination, proxy: URL): Promise<Upstream> {
  const secure = proxy.protocol === "https:";
  const port = Number(proxy.port) || (secure ? 443 : 80);
  try {
    const socket = await open(proxy.hostname.replace(/^\[(.*)\]$/, "$1"), port, secure);
    if (to.scheme === "http") return { kind: "connected", socket };
    const status = await tunnel(socket, to, proxy);
    if (status === 200) return { kind: "connected", socket };
    socket.destroy();
    return unreachable(`the host's proxy answered ${status} for ${to.name}:${to.port}`);
  } catch (error) {
    return unreachable(`the host's proxy does not answer (${codeOf(error)})`);
  }
}

/** Header line for a proxy that wants a password; empty where it wants none. */
export function proxyAuthorization(proxy: URL): string {
  if (proxy.username === "") return "";
  const pair = `${decodeURIComponent(proxy.username)}:${decodeURIComponent(proxy.password)}`;
  return `Proxy-Authorization: Basic ${Buffer.from(pair).toString("base64")}\r\n`;
}

function unreachable(sentence: string): Upstream {
  return { kind: "unreachable", sentence };
}

function codeOf(error: unknown): string {
  const code = error instanceof Error && "code" in error ? error.code : undefined;
  return typeof code === "string" ? code : error instanceof Error ? error.message : "unknown";
}

function open(host: string, port: number, secure = false): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = secure
      ? connectTls({ host, port, servername: host })
      : connectTcp({ host, port, allowHalfOpen: true, noDelay: true });
    const timer = setTimeout(() => fail(new Error("no answer in time")), connectTimeoutMs);
    function fail(error: Error): void {
      clearTimeout(timer);
      socket.destroy();
      reject(error);
    }
    socket.once("error", fail);
    socket.once(secure ? "secureConnect" : "connect", () => {
      clearTimeout(timer);
      socket.off("error", fail).on("error", () => socket.destroy());
      resolve(socket);
    });
  });
}

async function tunnel(socket: Socket, to: Destination, proxy: URL): Promise<number> {
  const authority = `${to.name}:${to.port}`;
  const head = `CONNECT ${authority} HTTP/1.1\r\nHost: ${authority}\r\n`;
  socket.write(`${head}${proxyAuthorization(proxy)}\r\n`);
  const answer = await readHead(socket);
  return Number(/^HTTP\/1\.[01] ([0-9]{3})/.exec(answer)?.[1] ?? 0);
}

function readHead(socket: Socket): Promise<string> {
  return new Promise((resolve, reject) => {
    let seen: Buffer = Buffer.alloc(0);
    const timer = setTimeout(() => settle(new Error("no answer in time")), connectTimeoutMs);
    function settle(error?: Error): void {
      clearTimeout(timer);
      socket.pause();
      socket.off("data", onData).off("close", onClose).off("end", onClose);
      if (error === undefined) return;
      socket.destroy();
      reject(error);
    }
    function onClose(): void {
      settle(new Error("it ended the connection"));
    }
    function onData(chunk: Buffer): void {
      seen = Buffer.concat([seen, chunk]);
      const end = seen.indexOf("\r\n\r\n");
      if (end < 0 && seen.length > maxProxyHeadBytes) settle(new Error("endless answer"));
      if (end < 0) return;
      settle();
      if (seen.length > end + 4) socket.unshift(seen.subarray(end + 4));
      resolve(seen.toString("latin1", 0, end));
    }
    socket.on("data", onData).on("close", onClose).on("end", onClose);
  });
}

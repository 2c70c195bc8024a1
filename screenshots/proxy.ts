import { createServer, type IncomingMessage, request, type ServerResponse } from "node:http";
import { type AddressInfo, isIP, type Socket } from "node:net";
import { DialError, dial } from "./dialer.ts";

const DIAL_TIMEOUT_MS = 10_000;
const MAX_CONNECTIONS = 256;
const HOP_HEADERS = new Set(["connection", "keep-alive", "proxy-connection", "transfer-encoding"]);

/** A loopback HTTP proxy that reaches one task's loopback and nothing else. */
export interface TaskProxy extends AsyncDisposable {
  readonly url: string;
  /** Why the proxy itself gave no answer for this origin (`host:port`), if it did not. */
  refusal(host: string): string | undefined;
}

/** The port a request may be dialled to, or undefined when it is outside of the sandbox. */
export function loopbackPort(target: string): number | undefined {
  const url = URL.parse(target);
  if (!url) return undefined;
  if (!isLoopbackName(url.hostname)) return undefined;
  const port = url.port === "" ? (url.protocol === "https:" ? 443 : 80) : Number(url.port);
  return port > 0 ? port : undefined;
}

/** Names that the page uses for itself. */
export function isLoopbackName(hostname: string): boolean {
  const name = hostname.replace(/^\[|\]$/g, "");
  if (name === "localhost" || name.endsWith(".localhost")) return true;
  if (name === "::1") return true;
  return isIP(name) === 4 && name.startsWith("127.");
}

/** Opens the proxy on a free port of this process's loopback. */
export async function openTaskProxy(dialerPath: string): Promise<TaskProxy> {
  const ending = new AbortController();
  const refusals = new Map<string, string>();
  const sockets = new Set<Socket>();
  const server = createServer({ insecureHTTPParser: true });
  server.maxConnections = MAX_CONNECTIONS;
  server.requestTimeout = 0;

  const hold = (socket: Socket): Socket => {
    sockets.add(socket);
    socket.on("close", () => sockets.delete(socket));
    socket.on("error", () => socket.destroy());
    return socket;
  };
  const refuse = (host: string, error: unknown) => {
    const why = error instanceof DialError ? error.message : "the request is malformed";
    if (refusals.size < 1000) refusals.set(host, why);
  };
  const reach = async (port: number) =>
    hold(await dial(dialerPath, port, { timeoutMs: DIAL_TIMEOUT_MS, signal: ending.signal }));

  server.on("connection", hold);
  server.on("request", async (incoming, response) => {
    const target = incoming.url ?? "";
    const port = loopbackPort(target);
    const host = URL.parse(target)?.host ?? "";
    try {
      if (port === undefined) throw new DialError(0, "outside of the sandbox");
      forward(incoming, response, new URL(target), await reach(port));
    } catch (error) {
      refuse(host, error);
      // No answer rather than one of ours, which the page would take for the other server's.
      incoming.socket.destroy();
    }
  });
  server.on("connect", async (incoming, client: Socket, head) => {
    const host = incoming.url ?? "";
    const port = loopbackPort(`http://${host}`);
    try {
      if (port === undefined) throw new DialError(0, "outside of the sandbox");
      const upstream = await reach(port);
      client.write("HTTP/1.1 200 Connected\r\n\r\n");
      upstream.write(head);
      client.pipe(upstream).pipe(client);
      client.on("close", () => upstream.destroy());
      upstream.on("close", () => client.destroy());
    } catch (error) {
      refuse(host, error);
      client.end("HTTP/1.1 502 Bad Gateway\r\n\r\n");
    }
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(0, "127.0.0.1", resolve);
  });
  const address = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${address.port}`,
    refusal: (host) => refusals.get(host),
    async [Symbol.asyncDispose]() {
      ending.abort();
      const closed = new Promise((resolve) => server.close(resolve));
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
}

function forward(
  incoming: IncomingMessage,
  response: ServerResponse,
  url: URL,
  upstream: Socket,
): void {
  const outgoing = request({
    createConnection: () => upstream,
    method: incoming.method ?? "GET",
    path: `${url.pathname}${url.search}`,
    headers: withoutHops(incoming.rawHeaders),
    setHost: false,
    insecureHTTPParser: true,
  });
  outgoing.on("response", (answer) => {
    // A page's server must not make the browser ask for a proxy password.
    const status = answer.statusCode === 407 ? 502 : (answer.statusCode ?? 502);
    try {
      response.writeHead(status, answer.statusMessage, withoutHops(answer.rawHeaders));
    } catch {
      response.destroy();
    }
    answer.pipe(response);
    answer.on("error", () => response.destroy());
  });
  outgoing.on("error", () => {
    if (response.headersSent) return void response.destroy();
    // No answer at all, as the browser would see it without a proxy.
    incoming.socket.destroy();
  });
  response.on("close", () => upstream.destroy());
  incoming.pipe(outgoing);
}

function withoutHops(rawHeaders: readonly string[]): string[] {
  const kept: string[] = [];
  for (let i = 0; i + 1 < rawHeaders.length; i += 2) {
    const name = rawHeaders[i]!;
    if (!HOP_HEADERS.has(name.toLowerCase())) kept.push(name, rawHeaders[i + 1]!);
  }
  return kept;
}

import { chmod, mkdtemp, rm } from "node:fs/promises";
import { createServer, type RequestListener, type Server } from "node:http";
import { type AddressInfo, connect, createServer as createTcpServer, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** A web server of the host that stands for one in a sandbox, and a dialer that reaches it. */
export interface TestSite extends AsyncDisposable {
  readonly dialerPath: string;
  readonly server: Server;
  /** Port on the host's loopback. */
  readonly hostPort: number;
  /** Ports that were asked of the dialer. */
  readonly dialled: number[];
}

/** The dialer answers for `port` only, as if nothing else listened in the sandbox. */
export async function openTestSite(listener: RequestListener, port = 5173): Promise<TestSite> {
  const folder = await mkdtemp(join(tmpdir(), "colony-site-"));
  const dialerPath = join(folder, "dialer.sock");
  const dialled: number[] = [];
  const server = createServer(listener);
  await listen(server, { port: 0, host: "127.0.0.1" });
  const hostPort = (server.address() as AddressInfo).port;
  const sockets = new Set<Socket>();
  // Upgraded connections are not among those that the server closes by itself.
  server.on("connection", (socket) => sockets.add(socket));
  const dialer = createTcpServer({ allowHalfOpen: true }, (client) => {
    sockets.add(client);
    client.on("error", () => client.destroy());
    client.once("readable", () => {
      const line = String(client.read());
      const asked = Number.parseInt(line, 10);
      dialled.push(asked);
      if (asked !== port) return void client.end("ERR connection refused\n");
      const upstream = connect(hostPort, "127.0.0.1");
      sockets.add(upstream);
      upstream.on("error", () => client.destroy());
      client.on("close", () => upstream.destroy());
      upstream.on("close", () => client.destroy());
      upstream.on("connect", () => {
        client.write("OK\n");
        client.pipe(upstream).pipe(client);
      });
    });
  });
  await listen(dialer, { path: dialerPath });
  await chmod(folder, 0o711);
  await chmod(dialerPath, 0o666);
  return {
    dialerPath,
    server,
    hostPort,
    dialled,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      server.closeAllConnections();
      await Promise.all([close(server), close(dialer)]);
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** Answers one HTML page to every request, and 404 for what `elsewhere` does not know. */
export function page(
  html: string,
  elsewhere: Record<string, RequestListener> = {},
): RequestListener {
  return (request, response) => {
    const path = (request.url ?? "/").split("?")[0]!;
    const other = elsewhere[path];
    if (other) return other(request, response);
    if (path !== "/") return void response.writeHead(404).end("not found");
    response.writeHead(200, { "content-type": "text/html; charset=utf-8" }).end(html);
  };
}

async function listen(
  server: Server | ReturnType<typeof createTcpServer>,
  options: { port?: number; host?: string; path?: string },
): Promise<void> {
  await new Promise<void>((resolve) => server.listen(options, resolve));
}

async function close(server: Server | ReturnType<typeof createTcpServer>): Promise<void> {
  await new Promise((resolve) => server.close(resolve));
}

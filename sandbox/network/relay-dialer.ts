import { connect, createServer, type Socket } from "node:net";
import { readLine } from "./read-line.ts";
import { splice } from "./splice.ts";

const maxClients = 512;
const connectTimeoutMs = 5_000;
const firstLine = { maxBytes: 16, timeoutMs: 5_000 } as const;

/**
 * Serves the host's dialer on a unix socket: a client writes `PORT\n`, reads `OK\n`
 * or `ERR reason\n`, and is then connected to that port of 127.0.0.1, or of ::1, inside.
 */
export function startDialer(
  fd: number,
  ownPorts: ReadonlySet<number>,
  onDialled: (open: number) => void,
): Promise<void> {
  let open = 0;
  const server = createServer({ allowHalfOpen: true, pauseOnConnect: true }, (client) => {
    client.on("error", () => client.destroy());
    onDialled(++open);
    client.on("close", () => onDialled(--open));
    serve(client, ownPorts).catch(() => client.destroy());
  });
  server.maxConnections = maxClients;
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen({ fd }, resolve);
  });
}

async function serve(client: Socket, ownPorts: ReadonlySet<number>): Promise<void> {
  const line = readLine(client, firstLine);
  client.resume();
  const port = parsePort(await line);
  if (port === undefined) return void client.end("ERR not a port\n");
  // Our own listeners lead out of the sandbox: a preview must not reach the model gateway.
  if (ownPorts.has(port)) return void client.end("ERR this port belongs to the sandbox itself\n");
  const inside = (await dial("127.0.0.1", port)) ?? (await dial("::1", port));
  if (inside === undefined) return void client.end("ERR nothing listens on this port\n");
  client.write("OK\n");
  await splice(client, inside);
}

function parsePort(line: string): number | undefined {
  if (!/^[1-9][0-9]{0,4}\r?$/.test(line)) return undefined;
  const port = Number(line);
  return port < 65_536 ? port : undefined;
}

function dial(host: string, port: number): Promise<Socket | undefined> {
  return new Promise((resolve) => {
    const socket = connect({ host, port, allowHalfOpen: true, noDelay: true });
    const timer = setTimeout(() => fail(), connectTimeoutMs);
    function fail(): void {
      clearTimeout(timer);
      socket.destroy();
      resolve(undefined);
    }
    socket.on("error", fail);
    socket.once("connect", () => {
      clearTimeout(timer);
      socket.off("error", fail).on("error", () => socket.destroy());
      resolve(socket);
    });
  });
}

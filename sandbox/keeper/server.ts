import { chmodSync, rmSync } from "node:fs";
import { createServer, type Socket } from "node:net";
import { LineSplitter } from "./lines.ts";
import {
  type KeeperAnswer,
  type KeeperEvent,
  maxLineBytes,
  type NumberedRequest,
} from "./protocol.ts";

/** A client that reads this little is dead or stopped: it may reconnect and read the files. */
const maxUnsentBytes = 8 * 1024 * 1024;

/** One connection, as the keeper's handlers see it. */
export interface Client {
  readonly socket: Socket;
}

/** What the server asks of the keeper. */
export interface RequestHandler {
  handle(
    request: NumberedRequest,
    client: Client,
  ): Promise<Omit<KeeperAnswer & { ok: true }, "id" | "ok">>;
  onDisconnect(client: Client): void;
}

/** The keeper's socket. */
export interface KeeperServer extends Disposable {
  tell(event: KeeperEvent): void;
  /** Whether anybody would hear it. */
  isWatched(): boolean;
}

/** Listens on a socket that only root may open. */
export async function openKeeperServer(
  path: string,
  handler: RequestHandler,
): Promise<KeeperServer> {
  const clients = new Set<Client>();
  const server = createServer((socket) => {
    const client: Client = { socket };
    const splitter = new LineSplitter(maxLineBytes * 2);
    clients.add(client);
    socket.on("data", (chunk) => {
      try {
        for (const line of splitter.push(chunk)) void answer(line, client);
      } catch {
        socket.destroy();
      }
    });
    socket.on("error", () => socket.destroy());
    socket.on("close", () => {
      clients.delete(client);
      handler.onDisconnect(client);
    });
  });

  async function answer(line: string, client: Client): Promise<void> {
    const request = parseRequest(line);
    if (request === undefined) {
      client.socket.destroy();
      return;
    }
    let reply: KeeperAnswer;
    try {
      reply = { id: request.id, ok: true, ...(await handler.handle(request, client)) };
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      reply = { id: request.id, ok: false, reason };
    }
    send(client.socket, JSON.stringify(reply));
  }

  rmSync(path, { force: true });
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(path, () => resolve());
  });
  chmodSync(path, 0o600);
  return {
    tell(event) {
      const line = JSON.stringify(event);
      for (const client of clients) send(client.socket, line);
    },
    isWatched: () => clients.size > 0,
    [Symbol.dispose]() {
      server.close();
      for (const { socket } of clients) socket.destroy();
      rmSync(path, { force: true });
    },
  };
}

function send(socket: Socket, line: string): void {
  if (socket.destroyed) return;
  if (socket.writableLength > maxUnsentBytes) socket.destroy();
  else socket.write(`${line}\n`);
}

/** Only root can write here, so the shape of the envelope is all that is looked at. */
function parseRequest(line: string): NumberedRequest | undefined {
  try {
    const request: NumberedRequest = JSON.parse(line);
    return typeof request.id === "number" && typeof request.op === "string" ? request : undefined;
  } catch {
    return undefined;
  }
}

import { EventEmitter } from "node:events";
import { connect, type Socket } from "node:net";
import { KeeperLostError, KeeperRefusedError } from "../errors.ts";
import { parseKeeperLine } from "./answers.ts";
import { LineSplitter } from "./lines.ts";
import {
  type KeeperAnswer,
  type KeeperEvent,
  type KeeperRequest,
  maxLineBytes,
} from "./protocol.ts";

type Success = Extract<KeeperAnswer, { ok: true }>;

/** A connection to a living keeper. */
export interface KeeperClient extends Disposable {
  request(request: KeeperRequest): Promise<Success>;
  /** Calls back with each unasked line; returns the stop function. */
  onEvent(listener: (event: KeeperEvent) => void): () => void;
  /** Resolves when the keeper is gone. */
  readonly gone: Promise<void>;
}

/** Connects, or answers undefined when no keeper lives behind the socket. */
export async function connectKeeper(
  sandboxId: string,
  socketPath: string,
): Promise<KeeperClient | undefined> {
  const socket = await openSocket(socketPath);
  if (socket === undefined) return undefined;
  const waiting = new Map<number, PromiseWithResolvers<KeeperAnswer>>();
  const events = new EventEmitter<{ event: [KeeperEvent] }>().setMaxListeners(0);
  const gone = Promise.withResolvers<void>();
  const splitter = new LineSplitter(maxLineBytes * 2);
  let lastId = 0;
  let isClosed = false;

  socket.on("data", (chunk) => {
    try {
      for (const text of splitter.push(chunk)) {
        const line = parseKeeperLine(text);
        // After the continuations of an answer in the same chunk: who just asked for a process may
        // still be on the way to listen for its exit.
        if ("event" in line) setImmediate(() => events.emit("event", line));
        else waiting.get(line.id)?.resolve(line);
      }
    } catch {
      socket.destroy();
    }
  });
  socket.on("error", () => socket.destroy());
  socket.on("close", () => {
    isClosed = true;
    for (const one of waiting.values()) one.reject(new KeeperLostError(sandboxId));
    gone.resolve();
  });

  return {
    gone: gone.promise,
    onEvent(listener) {
      events.on("event", listener);
      return () => events.off("event", listener);
    },
    async request(request) {
      if (isClosed) throw new KeeperLostError(sandboxId);
      const id = ++lastId;
      const answer = Promise.withResolvers<KeeperAnswer>();
      waiting.set(id, answer);
      try {
        socket.write(`${JSON.stringify({ ...request, id })}\n`);
        const reply = await answer.promise;
        if (!reply.ok) throw new KeeperRefusedError(sandboxId, request.op, reply.reason);
        return reply;
      } finally {
        waiting.delete(id);
      }
    },
    [Symbol.dispose]: () => socket.destroy(),
  };
}

async function openSocket(path: string): Promise<Socket | undefined> {
  return new Promise((resolve) => {
    const socket = connect(path);
    socket.once("error", () => resolve(undefined));
    socket.once("connect", () => {
      socket.removeAllListeners("error");
      resolve(socket);
    });
  });
}

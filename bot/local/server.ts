import { readFileSync } from "node:fs";
import type { Server } from "node:http";
import { join } from "node:path";
import { serve } from "@hono/node-server";
import { Hono } from "hono";
import { bodyLimit } from "hono/body-limit";
import type { Client } from "../../worker/protocol/client.ts";
import { api } from "./api.ts";
import { artifacts } from "./artifacts.ts";
import { doors } from "./doors.ts";
import { guard } from "./guard.ts";
import type { CompletedWord } from "./message.ts";
import type { MessageStore } from "./message-store.ts";
import { RedisAwayError } from "./patience.ts";
import { openWakeups, type Wakeups } from "./wakeups.ts";

export interface LocalServerOptions {
  readonly store: MessageStore;
  readonly client: Client;
  readonly port: number;
  /** Folder with the bundled page. */
  readonly dist: string;
  /** Commands, for the composer to complete. */
  readonly words: readonly CompletedWord[];
  /** A fresh signed link to what a task serves, for a person who is signed in. */
  readonly previewLink: (taskId: string, port: number, path: string) => string | undefined;
}
export interface LocalServerParts extends Omit<LocalServerOptions, "port"> {
  readonly port: () => number;
  readonly wakeups: Wakeups;
}

export class PortTakenError extends Error {
  override readonly name = "PortTakenError";
  readonly port: number;
  constructor(port: number, cause: unknown) {
    super(
      `Port ${port} on 127.0.0.1 is taken by another program. Set PORT to a free one, or end that program (\`ss -ltnp "sport = :${port}"\` names it).`,
      { cause },
    );
    this.port = port;
  }
}

/** Serves the chat page on loopback; `port` 0 takes any free one. */
export async function openLocalServer(
  options: LocalServerOptions,
): Promise<AsyncDisposable & { readonly port: number }> {
  await using undo = new AsyncDisposableStack();
  const wakeups = undo.use(openWakeups(options.store.redis));
  let port = options.port;
  const parts: LocalServerParts = { ...options, port: () => port, wakeups };
  const app = new Hono();
  app.use(guard(parts.port));
  app.use(bodyLimit({ maxSize: 2_000_000 }));
  app.onError((error, context) => {
    if (error instanceof RedisAwayError) return context.json({ sentence: error.message }, 503);
    return context.json({ sentence: "Something went wrong here; please try again." }, 500);
  });
  app.route("/", statics(options.dist));
  app.route("/", doors(parts));
  app.route("/", api(parts));
  app.route("/", artifacts(parts));
  const server = await listen(app, port);
  const address = server.address();
  if (address !== null && typeof address === "object") port = address.port;
  const kept = undo.move();
  return {
    port,
    async [Symbol.asyncDispose]() {
      await kept.disposeAsync();
      await new Promise<void>((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      });
    },
  };
}

function listen(app: Hono, port: number): Promise<Server> {
  return new Promise((resolve, reject) => {
    const server = serve({ fetch: app.fetch, hostname: "127.0.0.1", port }, () =>
      resolve(server),
    ) as Server;
    server.once("error", (error: NodeJS.ErrnoException) =>
      reject(error.code === "EADDRINUSE" ? new PortTakenError(port, error) : error),
    );
  });
}

const icon = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32"><path fill="#b4632a" d="M16 2 28 9v14l-12 7L4 23V9z"/><path fill="#fff" d="m16 9 6 3.5v7L16 23l-6-3.500v-7z"/></svg>`;

function statics(dist: string): Hono {
  const app = new Hono();
  const file = (name: string, type: string) =>
    app.get(`/${name}`, (context) =>
      context.body(readFileSync(join(dist, name)), 200, {
        "Content-Type": type,
        "Cache-Control": "no-cache",
      }),
    );
  file("page.js", "text/javascript; charset=utf-8");
  file("page.css", "text/css; charset=utf-8");
  app.get("/icon.svg", (context) => context.body(icon, 200, { "Content-Type": "image/svg+xml" }));
  app.get("/healthz", (context) => context.text("ok"));
  return app;
}

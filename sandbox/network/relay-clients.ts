import { createServer, type Server, type Socket } from "node:net";
import type { OtherPort } from "./relay-config.ts";
import { endsOf, type RelayContext } from "./relay-context.ts";
import { openHttp } from "./relay-http.ts";
import { serveBytes } from "./relay-tcp.ts";
import { serveTls } from "./relay-tls.ts";

/** At once; the host's side takes as many. What comes beyond is reset, so that nobody waits. */
const maxClients = 512;
const reportEveryMs = 1_000;

/** Where clients come from: a socket that we were born with, or one name's address. */
export type Place = { readonly fd: number } | { readonly port: number; readonly host: string };

/** Takes the sandbox's connections, each by the port that it was made to. */
export interface Clients {
  listen(place: Place): Promise<void>;
}

export function openClients(context: RelayContext, others: readonly OtherPort[]): Clients {
  const http = openHttp(context);
  let open = 0;
  let lastReportMs = 0;

  function schemeOf(client: Socket): OtherPort["scheme"] {
    const port = client.localPort;
    if (port === 80) return "http";
    if (port === 443) return "https";
    const name = context.standIns.nameOf(client.localAddress ?? "");
    return others.find((one) => one.port === port && one.name === name)?.scheme ?? "tcp";
  }
  function take(client: Socket): void {
    client.on("error", () => client.destroy());
    if (open >= maxClients) {
      tooMany(client);
      return;
    }
    open += 1;
    client.once("close", () => {
      open -= 1;
    });
    switch (schemeOf(client)) {
      case "http":
        http.emit("connection", client);
        return;
      case "https":
        serveTls(context, client).catch(() => client.destroy());
        return;
      case "tcp":
        serveBytes(context, client).catch(() => client.resetAndDestroy());
    }
  }
  /** Said once a second at most: the ledger is not for filling. */
  function tooMany(client: Socket): void {
    const name = context.standIns.nameOf(client.localAddress ?? "") ?? "";
    const port = client.localPort ?? 0;
    const nowMs = Date.now();
    if (nowMs - lastReportMs >= reportEveryMs) {
      lastReportMs = nowMs;
      const sentence = `this sandbox has ${maxClients} connections open, as many as one may`;
      context.report({
        report: "refused",
        kind: "connection",
        name,
        port,
        sentence,
        ...endsOf(client),
      });
    }
    client.resetAndDestroy();
  }

  return {
    listen(place) {
      const server = createServer({ allowHalfOpen: true, noDelay: true }, take);
      return listening(server, place);
    },
  };
}

function listening(server: Server, place: Place): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(place, () => {
      server.off("error", reject).on("error", () => {});
      resolve();
    });
  });
}

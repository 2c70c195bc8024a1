import { createServer, type Socket } from "node:net";
import { maxHelloBytes, parseClientHello, tlsAlert } from "./client-hello.ts";
import { openEgress, type RelayContext } from "./relay-context.ts";
import { splice } from "./splice.ts";
import { hostName } from "./stand-in.ts";

const maxClients = 512;
const helloTimeoutMs = 15_000;
const idleTimeoutMs = 15 * 60_000;

/** Where a listener is: a socket that we were born with, or one name's address for other ports. */
export type Bind =
  | { readonly port: number; readonly fd: number }
  | { readonly port: number; readonly address: string };

/** As `listen` takes it. */
export function placeOf(bind: Bind): { fd: number } | { port: number; host: string } {
  return "fd" in bind ? { fd: bind.fd } : { port: bind.port, host: bind.address };
}

/** Listens for TLS, reads the hello, and passes the bytes on unopened where the host agrees. */
export function startTls(context: RelayContext, bind: Bind): Promise<void> {
  const server = createServer({ allowHalfOpen: true, pauseOnConnect: true }, (client) => {
    client.on("error", () => client.destroy());
    serve(context, client, bind.port).catch(() => client.destroy());
  });
  server.maxConnections = maxClients;
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(placeOf(bind), resolve);
  });
}

async function serve(context: RelayContext, client: Socket, port: number): Promise<void> {
  const hello = await readHello(client);
  if (hello === undefined) return void client.destroy();
  const name = context.standIns.nameOf(client.localAddress ?? "");
  const problem = nameProblem(name, hello.serverName);
  if (name === undefined || problem !== undefined) {
    const sentence = problem ?? "no name";
    context.report({ report: "refused", kind: "connection", name: name ?? "", port, sentence });
    return void client.end(tlsAlert.accessDenied, () => client.destroySoon());
  }
  const egress = await openEgress(context, { want: "name", name, port, scheme: "https" });
  if (!egress.ok) {
    const alert = egress.cause === "refused" ? tlsAlert.accessDenied : tlsAlert.internalError;
    return void client.end(alert, () => client.destroySoon());
  }
  await splice(client, egress.socket, idleTimeoutMs);
}

/** Pure: why a hello does not fit the name its address was given for. */
export function nameProblem(
  name: string | undefined,
  serverName: string | undefined,
): string | undefined {
  if (name === undefined) return "this address was given to no name";
  if (serverName === undefined || hostName(serverName) === name) return undefined;
  return `the TLS hello names ${JSON.stringify(serverName.slice(0, 100))}, its address was given for ${name}`;
}

/** Leaves the socket paused with all its bytes still to be read. */
function readHello(client: Socket): Promise<{ readonly serverName?: string } | undefined> {
  return new Promise((resolve) => {
    let seen: Buffer = Buffer.alloc(0);
    const timer = setTimeout(() => settle(undefined), helloTimeoutMs);
    function settle(result: { readonly serverName?: string } | undefined): void {
      clearTimeout(timer);
      client.pause();
      client.off("data", onData).off("end", onEnd).off("close", onEnd);
      if (result !== undefined) client.unshift(seen);
      resolve(result);
    }
    function onEnd(): void {
      settle(undefined);
    }
    function onData(chunk: Buffer): void {
      seen = Buffer.concat([seen, chunk]);
      const hello = parseClientHello(seen);
      if (hello.kind === "hello") settle(hello);
      else if (hello.kind === "not-tls" || seen.length > maxHelloBytes + 1024) settle(undefined);
    }
    client.on("data", onData).on("end", onEnd).on("close", onEnd);
    client.resume();
  });
}

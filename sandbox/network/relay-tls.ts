import type { Socket } from "node:net";
import { maxHelloBytes, parseClientHello, tlsAlert } from "./client-hello.ts";
import { endsOf, openEgress, type RelayContext } from "./relay-context.ts";
import { splice } from "./splice.ts";
import { hostName } from "./stand-in.ts";

const helloTimeoutMs = 15_000;

/** Reads the hello, and passes the bytes on unopened where the host agrees. */
export async function serveTls(context: RelayContext, client: Socket): Promise<void> {
  const port = client.localPort ?? 443;
  const ends = endsOf(client);
  const hello = await readHello(client);
  if (hello === undefined) return void client.destroy();
  const name = context.standIns.nameOf(client.localAddress ?? "");
  const problem = nameProblem(name, hello.serverName);
  if (name === undefined || problem !== undefined) {
    const sentence = problem ?? "no name";
    context.report({
      report: "refused",
      kind: "connection",
      name: name ?? "",
      port,
      sentence,
      ...ends,
    });
    return void client.end(tlsAlert.accessDenied, () => client.destroySoon());
  }
  const egress = await openEgress(context, { want: "name", name, port, scheme: "https", ...ends });
  if (!egress.ok) {
    const alert = egress.cause === "refused" ? tlsAlert.accessDenied : tlsAlert.internalError;
    return void client.end(alert, () => client.destroySoon());
  }
  await splice(client, egress.socket, { idleTimeoutMs: context.idleTimeoutMs });
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

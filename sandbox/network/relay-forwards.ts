import { createServer } from "node:net";
import { openEgress, type RelayContext } from "./relay-context.ts";
import { splice } from "./splice.ts";

const maxClients = 256;

/** Offers a unix socket of the host on a port of the sandbox's 127.0.0.1; the host connects it. */
export function startForward(context: RelayContext, port: number, fd: number): Promise<void> {
  const server = createServer({ allowHalfOpen: true, pauseOnConnect: true, noDelay: true });
  server.maxConnections = maxClients;
  server.on("connection", async (client) => {
    client.on("error", () => client.destroy());
    const egress = await openEgress(context, { want: "forward", port });
    if (!egress.ok) return client.destroy();
    await splice(client, egress.socket);
  });
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen({ fd }, resolve);
  });
}

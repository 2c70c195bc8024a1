import type { Socket } from "node:net";
import { endsOf, openEgress, type RelayContext } from "./relay-context.ts";
import { splice } from "./splice.ts";

/**
 * Any other port: the bytes are nobody's business, the name is the one that the address was given
 * for, and only who lists name and port gets through. A refusal is a reset.
 */
export async function serveBytes(context: RelayContext, client: Socket): Promise<void> {
  client.pause();
  const name = context.standIns.nameOf(client.localAddress ?? "");
  const port = client.localPort ?? 0;
  if (name === undefined) {
    const sentence = "this address was given to no name";
    context.report({ report: "refused", kind: "connection", name: "", port, sentence });
    return void client.resetAndDestroy();
  }
  const egress = await openEgress(context, {
    want: "name",
    name,
    port,
    scheme: "tcp",
    ...endsOf(client),
  });
  if (!egress.ok) return void client.resetAndDestroy();
  await splice(client, egress.socket, { idleTimeoutMs: context.idleTimeoutMs });
}

import { connect, type Socket } from "node:net";
import type { Ends } from "./commands-inside.ts";
import {
  type EgressAnswer,
  type EgressRequest,
  maxLineBytes,
  parseEgressAnswer,
  type RelayReport,
} from "./egress-protocol.ts";
import { readLine } from "./read-line.ts";
import type { StandIns } from "./stand-in.ts";

/** What every part of the relay needs. */
export interface RelayContext {
  /** Unix socket of the host that decides and dials. */
  readonly egressPath: string;
  readonly standIns: StandIns;
  readonly idleTimeoutMs: number;
  report(report: RelayReport): void;
}

/** A connection that the host opened for us, or its reason for not doing so. */
export type Egress =
  | { readonly ok: true; readonly socket: Socket; readonly via: "direct" | "proxy" }
  | Extract<EgressAnswer, { ok: false }>;

/** Resolving and dialling included; the host's own deadlines are shorter. */
const answerTimeoutMs = 45_000;

/** Asks the host for a connection. */
export async function openEgress(context: RelayContext, request: EgressRequest): Promise<Egress> {
  const socket = connect({ path: context.egressPath, allowHalfOpen: true });
  socket.on("error", () => socket.destroy());
  socket.write(`${JSON.stringify(request)}\n`);
  try {
    const line = await readLine(socket, { maxBytes: maxLineBytes, timeoutMs: answerTimeoutMs });
    const answer = parseEgressAnswer(line);
    if (answer?.ok === true) return { ok: true, socket, via: answer.via };
    socket.destroy();
    return answer ?? unreachable("the host answered something unknown");
  } catch {
    socket.destroy();
    return unreachable("the host's side of the network is gone");
  }
}

function unreachable(sentence: string): Extract<EgressAnswer, { ok: false }> {
  return { ok: false, cause: "unreachable", sentence };
}

/** Both ends of a client's connection, as the kernel's table inside has them. */
export function endsOf(client: Socket): { readonly ends?: Ends } {
  const { remoteAddress, remotePort, localAddress, localPort } = client;
  if (remoteAddress === undefined || localAddress === undefined) return {};
  const v4 = (address: string) => address.replace(/^::ffff:/, "");
  const ends = {
    client: `${v4(remoteAddress)}:${remotePort}`,
    local: `${v4(localAddress)}:${localPort}`,
  };
  return { ends };
}

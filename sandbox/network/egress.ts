import { connect, createServer, type Socket } from "node:net";
import type { EgressRule } from "../spec.ts";
import { serveName } from "./egress-connection.ts";
import { answer, type EgressContext, type EgressOptions } from "./egress-context.ts";
import { decideEgress } from "./egress-policy.ts";
import { maxLineBytes, parseEgressRequest } from "./egress-protocol.ts";
import { readLine } from "./read-line.ts";
import { splice } from "./splice.ts";
import { openTrafficGate } from "./traffic-gate.ts";

/** The host's side of one sandbox's network. */
export interface EgressServer extends AsyncDisposable {
  /** Takes effect at once: what is no longer allowed is cut. */
  setRules(rules: readonly EgressRule[]): void;
}

const maxConnections = 512;
const requestTimeoutMs = 10_000;

/** Opens the host's side of the network on a unix socket: it alone resolves and dials. */
export async function openEgressServer(
  options: EgressOptions,
  firstRules: readonly EgressRule[],
): Promise<EgressServer> {
  const open = new Set<Socket>();
  let rules = firstRules;
  const { bytesUp, bytesDown } = options.book.state();
  const context: EgressContext = {
    ...options,
    gate: openTrafficGate(options.limits, bytesUp + bytesDown),
    live: new Set(),
    rules: () => rules,
  };
  const server = createServer({ allowHalfOpen: true, pauseOnConnect: true }, (client) => {
    open.add(client);
    client.on("error", () => client.destroy()).once("close", () => open.delete(client));
    serve(context, client).catch(() => client.destroy());
  });
  server.maxConnections = maxConnections;
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(options.path, resolve);
  });
  return {
    setRules(next) {
      rules = next;
      cutRefused(context);
    },
    [Symbol.asyncDispose]: () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve());
        for (const client of open) client.destroy();
      }),
  };
}

function cutRefused({ policy, host, live, rules }: EgressContext): void {
  const decided = { rules: rules(), nowMs: Date.now() };
  for (const connection of live) {
    if (decideEgress(policy, host, connection.to, decided).kind === "refused") connection.cut();
  }
}

async function serve(context: EgressContext, client: Socket): Promise<void> {
  const line = readLine(client, { maxBytes: maxLineBytes, timeoutMs: requestTimeoutMs });
  client.resume();
  const request = parseEgressRequest(await line);
  if (request === undefined) return void client.destroy();
  if (request.want === "forward") return serveForward(context, client, request.port);
  return serveName(context, client, request);
}

async function serveForward(context: EgressContext, client: Socket, port: number): Promise<void> {
  const forward = context.forwards.find((one) => one.port === port);
  const startedMs = Date.now();
  const about = { kind: "forward", host: "localhost", port, rule: "forward" } as const;
  const socket = forward === undefined ? undefined : await connectUnix(forward.socketPath);
  if (socket === undefined) {
    context.ledger.write({ ...about, decision: "unreachable" });
    const sentence = `nothing serves port ${port} on the host`;
    return answer(client, { ok: false, cause: "unreachable", sentence });
  }
  answer(client, { ok: true, via: "direct" });
  await splice(client, socket);
  context.ledger.write({
    ...about,
    decision: "allowed",
    bytesUp: socket.bytesWritten,
    bytesDown: socket.bytesRead,
    ms: Date.now() - startedMs,
  });
}

function connectUnix(path: string): Promise<Socket | undefined> {
  return new Promise((resolve) => {
    const socket = connect({ path, allowHalfOpen: true });
    socket.once("connect", () => resolve(socket));
    socket.on("error", () => {
      socket.destroy();
      resolve(undefined);
    });
  });
}

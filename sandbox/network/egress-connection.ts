import type { Socket } from "node:net";
import { networkInterfaces } from "node:os";
import { setTimeout as sleep } from "node:timers/promises";
import { answer, type EgressContext, type LiveConnection } from "./egress-context.ts";
import { type Destination, decideEgress, type EgressDecision } from "./egress-policy.ts";
import type { NameRequest } from "./egress-protocol.ts";
import type { LedgerFact } from "./ledger.ts";
import { readLine } from "./read-line.ts";
import { splice } from "./splice.ts";
import { dialDirect, dialProxy, proxyAuthorization, type Upstream } from "./upstream.ts";

/** A request line as long as the relay's parser lets through. */
const firstLine = { maxBytes: 40_960, timeoutMs: 60_000 } as const;
/** How long a refusal may wait to know who is refused. */
const commandWaitMs = 250;
/** How often a connection that goes on is counted. */
const countEveryMs = 1_000;

/** Decides, dials and carries one connection; each way out of here has written its ledger entry. */
export async function serveName(
  context: EgressContext,
  client: Socket,
  request: NameRequest,
): Promise<void> {
  const startedMs = Date.now();
  const to: Destination = { name: request.name, port: request.port, scheme: request.scheme };
  const decided = { rules: context.rules(), nowMs: startedMs };
  const decision = decideEgress(context.policy, context.host, to, decided);
  const { ends } = request;
  const command = ends === undefined ? undefined : context.commands.find(ends, decision.kind);
  const note = (fact: Omit<LedgerFact, "kind" | "host" | "port" | "ms">, found?: string) => {
    const ms = Date.now() - startedMs;
    const by = found === undefined ? {} : { command: found };
    context.ledger.write({ kind: "connection", host: to.name, port: to.port, ...fact, ms, ...by });
  };
  async function refuse(rule: string, sentence: string, askable: boolean): Promise<void> {
    const found = await Promise.race([command, sleep(commandWaitMs, undefined, { ref: false })]);
    note({ decision: "refused", rule, reason: sentence }, found);
    const by = found === undefined ? {} : { command: found };
    context.book.refuse({ host: to.name, port: to.port, sentence, askable, ...by });
    answer(client, { ok: false, cause: "refused", sentence });
  }

  if (decision.kind === "refused") {
    const { rule, sentence } = decision;
    return refuse(rule, sentence, rule !== "no host name");
  }
  const tooMuch = context.gate.problem(context.live.size);
  if (tooMuch !== undefined) {
    context.book.limit(tooMuch);
    note({ decision: "refused", rule: "limit", reason: tooMuch }, await command);
    return answer(client, { ok: false, cause: "refused", sentence: tooMuch });
  }
  const upstream = await dial(context, to, decision);
  if (upstream.kind === "refused") return refuse("address", upstream.sentence, false);
  if (upstream.kind === "unreachable") {
    const { sentence } = upstream;
    note({ decision: "unreachable", rule: decision.rule, reason: sentence }, await command);
    return answer(client, { ok: false, cause: "unreachable", sentence });
  }
  const { socket } = upstream;
  if (client.destroyed) return void socket.destroy();
  const { bytesUp, bytesDown, cutBy } = await carry(context, client, { to, decision, socket });
  const { rule } = decision;
  const reason = cutBy === undefined ? {} : { reason: cutBy };
  note({ decision: "allowed", rule, bytesUp, bytesDown, ...reason }, await command);
}

interface Outgoing {
  readonly to: Destination;
  readonly decision: Extract<EgressDecision, { kind: "allowed" }>;
  readonly socket: Socket;
}

interface Carried {
  readonly bytesUp: number;
  readonly bytesDown: number;
  readonly cutBy?: string;
}

async function carry(
  context: EgressContext,
  client: Socket,
  { to, decision, socket }: Outgoing,
): Promise<Carried> {
  const { gate, book, live } = context;
  const before = { up: socket.bytesWritten, down: socket.bytesRead };
  const done = () => ({
    bytesUp: socket.bytesWritten - before.up,
    bytesDown: socket.bytesRead - before.down,
  });
  let counted = { bytesUp: 0, bytesDown: 0 };
  let cutBy: string | undefined;
  function cut(reason: string): void {
    cutBy ??= reason;
    client.destroy();
    socket.destroy();
  }
  function count(connections: number): void {
    const now = done();
    const fresh = {
      bytesUp: now.bytesUp - counted.bytesUp,
      bytesDown: now.bytesDown - counted.bytesDown,
    };
    counted = now;
    if (connections === 0 && fresh.bytesUp + fresh.bytesDown === 0) return;
    book.traffic({ host: to.name, port: to.port, connections, ...fresh });
  }
  function onBytes(_direction: "up" | "down", bytes: number): void {
    if (gate.count(bytes)) return;
    const sentence = gate.problem(0) ?? "";
    book.limit(sentence);
    cut(sentence);
  }
  const connection: LiveConnection = { to, cut: () => cut("no longer allowed") };
  live.add(connection);
  count(1);
  const timer = setInterval(() => count(0), countEveryMs).unref();
  try {
    const { route } = decision;
    answer(client, { ok: true, via: route === "direct" ? "direct" : "proxy" });
    if (route !== "direct" && to.scheme === "http") {
      await rewriteForProxy(client, socket, to, route);
    }
    const { idleTimeoutMs } = context;
    await splice(client, socket, { idleTimeoutMs, onBytes, between: gate.throttle });
  } finally {
    clearInterval(timer);
    live.delete(connection);
    socket.destroy();
    count(0);
  }
  return { ...done(), ...(cutBy === undefined ? {} : { cutBy }) };
}

function dial(
  context: EgressContext,
  to: Destination,
  allowed: { readonly route: URL | "direct"; readonly trustedName: boolean },
): Promise<Upstream> {
  // A proxy resolves by itself; that it may be reached is the host's own setting.
  if (allowed.route !== "direct") return dialProxy(to, allowed.route);
  const { trustedName } = allowed;
  const { allowedRanges } = context;
  const rules = { ownAddresses: ownAddresses(), allowedRanges, trustedName };
  return dialDirect(to, rules, context.resolve);
}

function ownAddresses(): string[] {
  return Object.values(networkInterfaces()).flatMap((all) => all?.map((one) => one.address) ?? []);
}

/** A proxy wants the whole URL; the relay sends one request on each such connection. */
async function rewriteForProxy(
  client: Socket,
  socket: Socket,
  to: Destination,
  proxy: URL,
): Promise<void> {
  const line = readLine(client, firstLine);
  client.resume();
  const [method = "", path = "", version = ""] = (await line).trimEnd().split(" ");
  const authority = to.port === 80 ? to.name : `${to.name}:${to.port}`;
  const first = `${method} http://${authority}${path} ${version}\r\n`;
  socket.write(`${first}${proxyAuthorization(proxy)}`);
}

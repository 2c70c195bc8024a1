import { createServer, type IncomingMessage, request, type ServerResponse } from "node:http";
import type { Socket } from "node:net";
import { pipeline } from "node:stream";
import { EgressAgent, EgressError } from "./egress-agent.ts";
import { endToEndHeaders, hostProblem, rawHead, refusalHead } from "./http-head.ts";
import { openEgress, type RelayContext } from "./relay-context.ts";
import { type Bind, placeOf } from "./relay-tls.ts";
import { splice } from "./splice.ts";

const maxClients = 512;
const maxHeaderSize = 32_768;
const idleTimeoutMs = 15 * 60_000;

/** Listens for plain http and carries each request to the name that its address was given for. */
export function startHttp(context: RelayContext, bind: Bind): Promise<void> {
  const agents = new WeakMap<Socket, EgressAgent>();
  function agentOf(client: Socket, name: string): EgressAgent {
    const known = agents.get(client);
    if (known !== undefined) return known;
    const agent = new EgressAgent(context, { want: "name", name, port: bind.port, scheme: "http" });
    agents.set(client, agent);
    client.once("close", () => agent.destroy());
    return agent;
  }
  const limits = { maxHeaderSize, requestTimeout: 0, requireHostHeader: false } as const;
  const server = createServer({ ...limits, headersTimeout: 30_000 }, (incoming, response) => {
    const name = accept(context, bind.port, incoming, response);
    if (name === undefined) return;
    carry(context, { name, port: bind.port }, incoming, response, agentOf(incoming.socket, name));
  });
  server.on("upgrade", (incoming: IncomingMessage, client: Socket, head: Buffer) => {
    client.on("error", () => client.destroy());
    upgrade(context, bind.port, incoming, client, head).catch(() => client.destroy());
  });
  server.maxConnections = maxClients;
  server.keepAliveTimeout = 60_000;
  server.setTimeout(idleTimeoutMs);
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(placeOf(bind), resolve);
  });
}

/** The name the request may go to; else the client has been told why not. */
function accept(
  context: RelayContext,
  port: number,
  incoming: IncomingMessage,
  response: ServerResponse,
): string | undefined {
  const name = context.standIns.nameOf(incoming.socket.localAddress ?? "");
  const problem = hostProblem(name, incoming.headers.host, incoming.url);
  if (name !== undefined && problem === undefined) return name;
  const sentence = problem ?? "no name";
  context.report({ report: "refused", kind: "request", name: name ?? "", port, sentence });
  answerProblem(response, { cause: "refused", sentence });
  return undefined;
}

function carry(
  context: RelayContext,
  to: { readonly name: string; readonly port: number },
  incoming: IncomingMessage,
  response: ServerResponse,
  agent: EgressAgent,
): void {
  const startedMs = Date.now();
  const method = incoming.method ?? "GET";
  let bytesUp = 0;
  let bytesDown = 0;
  const outgoing = request({
    agent,
    method,
    path: incoming.url ?? "/",
    headers: endToEndHeaders(incoming.rawHeaders, incoming.headers),
  });
  outgoing.on("response", (answer) => {
    const status = answer.statusCode ?? 502;
    answer.on("data", (chunk: Buffer) => {
      bytesDown += chunk.length;
    });
    response.sendDate = false;
    response.writeHead(status, answer.statusMessage ?? "", endToEndHeaders(answer.rawHeaders));
    pipeline(answer, response, () => {
      const ms = Date.now() - startedMs;
      context.report({ report: "request", ...to, method, status, bytesUp, bytesDown, ms });
    });
  });
  outgoing.on("error", (error) => {
    // The server closed a kept connection just as we used it: not an answer, so ask again.
    const stale = outgoing.reusedSocket && (method === "GET" || method === "HEAD");
    if (response.headersSent) return void response.destroy();
    if (stale && bytesUp === 0) return carry(context, to, incoming, response, agent);
    if (error instanceof EgressError) return answerProblem(response, error.answer);
    answerProblem(response, { cause: "unreachable", sentence: `${to.name} ended the connection` });
  });
  response.once("close", () => outgoing.destroy());
  incoming.on("data", (chunk: Buffer) => {
    bytesUp += chunk.length;
  });
  incoming.on("error", () => outgoing.destroy());
  incoming.pipe(outgoing);
}

function answerProblem(
  response: ServerResponse,
  problem: { readonly cause: "refused" | "unreachable"; readonly sentence: string },
): void {
  if (response.destroyed) return;
  const { status, reason, body } = refusalHead(problem);
  const headers = { "content-type": "text/plain; charset=utf-8", connection: "close" };
  response.writeHead(status, reason, headers).end(body);
}

async function upgrade(
  context: RelayContext,
  port: number,
  incoming: IncomingMessage,
  client: Socket,
  head: Buffer,
): Promise<void> {
  const name = context.standIns.nameOf(client.localAddress ?? "");
  const problem = hostProblem(name, incoming.headers.host, incoming.url);
  if (name === undefined || problem !== undefined) return void client.destroy();
  const egress = await openEgress(context, { want: "name", name, port, scheme: "http" });
  if (!egress.ok) return void client.destroy();
  egress.socket.write(rawHead(incoming));
  if (head.length > 0) egress.socket.write(head);
  await splice(client, egress.socket, idleTimeoutMs);
}

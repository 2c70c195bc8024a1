import {
  createServer,
  type IncomingMessage,
  request,
  type Server,
  type ServerResponse,
} from "node:http";
import { Socket } from "node:net";
import { pipeline } from "node:stream";
import { EgressAgent, EgressError } from "./egress-agent.ts";
import { endToEndHeaders, hostProblem, rawHead, refusalHead } from "./http-head.ts";
import { endsOf, openEgress, type RelayContext } from "./relay-context.ts";
import { splice } from "./splice.ts";

const maxHeaderSize = 32_768;
/** A client that is this slow with its headers is cut. */
const headersTimeoutMs = 30_000;

/** Plain http: each request goes to the name that its address was given for. It listens nowhere. */
export function openHttp(context: RelayContext): Server {
  const agents = new WeakMap<Socket, EgressAgent>();
  function agentOf(client: Socket, name: string): EgressAgent {
    const known = agents.get(client);
    if (known !== undefined) return known;
    const port = client.localPort ?? 80;
    const ends = endsOf(client);
    const agent = new EgressAgent(context, { want: "name", name, port, scheme: "http", ...ends });
    agents.set(client, agent);
    client.once("close", () => agent.destroy());
    return agent;
  }
  const limits = { maxHeaderSize, requestTimeout: 0, requireHostHeader: false } as const;
  const server = createServer(
    { ...limits, headersTimeout: headersTimeoutMs },
    (incoming, response) => {
      const name = accept(context, incoming, response);
      if (name === undefined) return;
      const client = incoming.socket;
      const { ends } = endsOf(client);
      const to = { name, port: client.localPort ?? 80, client: ends?.client ?? "" };
      carry(context, to, incoming, response, agentOf(client, name));
    },
  );
  server.on("upgrade", (incoming: IncomingMessage, client: Socket, head: Buffer) => {
    client.on("error", () => client.destroy());
    upgrade(context, incoming, client, head).catch(() => client.destroy());
  });
  server.on("clientError", (error, client) => {
    const name = client instanceof Socket ? context.standIns.nameOf(client.localAddress ?? "") : "";
    const port = client instanceof Socket ? (client.localPort ?? 80) : 80;
    const sentence = `it is no http request (${"code" in error ? String(error.code) : "malformed"})`;
    context.report({ report: "refused", kind: "request", name: name ?? "", port, sentence });
    if (client.writable) client.end("HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n");
    else client.destroy();
  });
  server.keepAliveTimeout = 60_000;
  server.setTimeout(context.idleTimeoutMs);
  // It is handed its connections and never listens; the watch over slow headers begins with this.
  server.emit("listening");
  return server;
}

/** The name the request may go to; else the client has been told why not. */
function accept(
  context: RelayContext,
  incoming: IncomingMessage,
  response: ServerResponse,
): string | undefined {
  const client = incoming.socket;
  const name = context.standIns.nameOf(client.localAddress ?? "");
  const port = client.localPort ?? 80;
  const problem = hostProblem(name, incoming.headers.host, incoming.url);
  if (name !== undefined && problem === undefined) return name;
  const sentence = problem ?? "no name";
  context.report({
    report: "refused",
    kind: "request",
    name: name ?? "",
    port,
    sentence,
    ...endsOf(client),
  });
  answerProblem(response, { cause: "refused", sentence });
  return undefined;
}

function carry(
  context: RelayContext,
  to: { readonly name: string; readonly port: number; readonly client: string },
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
  incoming: IncomingMessage,
  client: Socket,
  head: Buffer,
): Promise<void> {
  const name = context.standIns.nameOf(client.localAddress ?? "");
  const port = client.localPort ?? 80;
  const problem = hostProblem(name, incoming.headers.host, incoming.url);
  if (name === undefined || problem !== undefined) return void client.destroy();
  const egress = await openEgress(context, {
    want: "name",
    name,
    port,
    scheme: "http",
    ...endsOf(client),
  });
  if (!egress.ok) {
    const { status, reason, body } = refusalHead(egress);
    return void client.end(`HTTP/1.1 ${status} ${reason}\r\nConnection: close\r\n\r\n${body}`);
  }
  egress.socket.write(rawHead(incoming));
  if (head.length > 0) egress.socket.write(head);
  await splice(client, egress.socket, { idleTimeoutMs: context.idleTimeoutMs });
}

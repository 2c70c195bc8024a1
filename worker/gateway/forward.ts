import { Agent as HttpAgent, type IncomingMessage, request, type ServerResponse } from "node:http";
import { Agent as HttpsAgent, request as requestTls } from "node:https";
import { pipeline } from "node:stream";
import type { Upstream } from "./config.ts";
import { errorBody, type ModelRequest } from "./providers.ts";
import { ReplyReader } from "./reply-reader.ts";
import type { ReplyUsage } from "./usage.ts";

/** Connections out, kept open between requests, through the proxy that the host uses. */
export interface Agents {
  readonly http: HttpAgent;
  readonly https: HttpsAgent;
}

export function openAgents(environment: Readonly<Record<string, string | undefined>>): Agents {
  const common = { keepAlive: true, proxyEnv: { ...environment } };
  return { http: new HttpAgent(common), https: new HttpsAgent(common) };
}

/** Headers that are ours to set or nobody's business upstream. */
const dropped = new Set([
  "authorization",
  "x-api-key",
  "x-goog-api-key",
  "cookie",
  "host",
  "connection",
  "keep-alive",
  "proxy-authorization",
  "proxy-connection",
  "te",
  "trailer",
  "transfer-encoding",
  "upgrade",
  "expect",
  // Usage is read from the text that streams past.
  "accept-encoding",
  "content-length",
  "forwarded",
  "x-forwarded-for",
  "x-forwarded-host",
]);

const droppedFromReply = new Set([
  "connection",
  "keep-alive",
  "transfer-encoding",
  "set-cookie",
  "upgrade",
  "proxy-authenticate",
]);

const idleTimeoutMs = 15 * 60_000;

/** Headers for upstream: the agent's without its dummy key, and the real one. Pure. */
export function upstreamHeaders(
  incoming: IncomingMessage["headers"],
  upstream: Upstream,
): Record<string, string | string[]> {
  const headers: Record<string, string | string[]> = {};
  for (const [name, value] of Object.entries(incoming)) {
    if (value !== undefined && !dropped.has(name)) headers[name] = value;
  }
  headers["accept-encoding"] = "identity";
  if (upstream.auth !== undefined) headers[upstream.auth.header] = upstream.auth.value;
  return headers;
}

/** The query without `key`, which Gemini's clients use for theirs. Pure. */
export function upstreamQuery(query: string): string {
  const parameters = new URLSearchParams(query);
  for (const name of [...parameters.keys()]) {
    if (/^(key|api_?key|access_token)$/i.test(name)) parameters.delete(name);
  }
  const text = parameters.toString();
  return text === "" ? "" : `?${text}`;
}

/** Sends the request on, streams the reply back, and answers what it used (also when cut short). */
export function forward(
  to: ModelRequest & { readonly query: string },
  upstream: Upstream,
  agents: Agents,
  incoming: IncomingMessage,
  body: Buffer,
  response: ServerResponse,
): Promise<ReplyUsage | undefined> {
  return new Promise((resolve) => {
    const secure = upstream.base.protocol === "https:";
    const send = secure ? requestTls : request;
    const outgoing = send({
      protocol: upstream.base.protocol,
      hostname: upstream.base.hostname.replace(/^\[(.*)\]$/, "$1"),
      port: upstream.base.port === "" ? undefined : upstream.base.port,
      path: `${upstream.base.pathname.replace(/\/$/, "")}${to.path}${to.query}`,
      method: incoming.method,
      headers: {
        ...upstreamHeaders(incoming.headers, upstream),
        ...(incoming.method === "POST" ? { "content-length": body.length } : {}),
      },
      agent: secure ? agents.https : agents.http,
      timeout: idleTimeoutMs,
    });
    outgoing.on("timeout", () => outgoing.destroy(new Error("the model was silent for too long")));
    // A cancelled prompt must stop the billing: no reader, no connection.
    response.once("close", () => outgoing.destroy());
    outgoing.on("error", (error) => {
      const message = `The model's server at ${upstream.base.host} cannot be reached: ${error.message}`;
      answerError(response, to.provider, 502, "api_error", message);
      resolve(undefined);
    });
    outgoing.on("response", (reply) => {
      const reader = new ReplyReader(to.shape, reply.headers["content-type"] ?? "");
      reply.on("data", (chunk: Buffer) => reader.push(chunk));
      response.writeHead(reply.statusCode ?? 502, replyHeaders(reply));
      response.flushHeaders();
      pipeline(reply, response, () => resolve(reader.usage()));
    });
    outgoing.end(body);
  });
}

function replyHeaders(reply: IncomingMessage): Record<string, string | string[]> {
  const headers: Record<string, string | string[]> = {};
  for (const [name, value] of Object.entries(reply.headers)) {
    if (value !== undefined && !droppedFromReply.has(name)) headers[name] = value;
  }
  return headers;
}

/** Answers in the provider's own words, unless the reply has begun. */
export function answerError(
  response: ServerResponse,
  provider: ModelRequest["provider"] | undefined,
  status: number,
  type: string,
  message: string,
): void {
  if (response.headersSent || response.destroyed) return void response.destroy();
  const body = errorBody(provider, status, type, message);
  response.writeHead(status, { "content-type": "application/json" }).end(body);
}

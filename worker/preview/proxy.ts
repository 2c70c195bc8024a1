import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { Socket } from "node:net";
import { createProxyServer } from "httpxy";
import { previewTokenParameter } from "../protocol/preview-link.ts";
import { decideAccess } from "./access.ts";
import { answers, type PreviewAnswer, renderAnswer } from "./answers.ts";
import { DialError } from "./dial.ts";
import { DialerAgent } from "./dialer-agent.ts";
import { safeSetCookies, toInside, toOutside, withoutPreviewCookie } from "./headers.ts";

/** See `openPreviewProxy`. */
export interface PreviewProxyOptions {
  readonly port: number;
  readonly key: Buffer;
  readonly dialerPath: (taskId: string) => string;
}

const maxConnections = 2_000;
const maxHeaderSize = 32_768;
/** An event stream may be silent for long. */
const slowServerMs = 3_600_000;

/** What the proxy remembers of a request on its way in. */
const inside = new WeakMap<IncomingMessage, { readonly origin: string; readonly port: number }>();

/**
 * Serves every sandbox's web servers under a host name of their own, to those who came by a signed
 * link. It runs as an unprivileged user and can reach nothing but the sandboxes' dialers.
 */
export async function openPreviewProxy(options: PreviewProxyOptions): Promise<AsyncDisposable> {
  const proxy = createProxyServer({ xfwd: false, proxyTimeout: slowServerMs });
  proxy.on("error", (error, _request, response) => answerFailure(error, response));
  proxy.on("econnreset", () => {});
  proxy.on("proxyRes", (reply, request) => rewriteReply(reply, request));
  const server = createServer({ maxHeaderSize, requestTimeout: 0 }, (request, response) => {
    const access = decide(request, false, options.key);
    switch (access.kind) {
      case "refused":
        return answerPage(response, answers[access.reason]);
      case "enter":
        response.setHeader("set-cookie", access.setCookie);
        response.setHeader("referrer-policy", "no-referrer");
        response.writeHead(303, { location: access.location, "cache-control": "no-store" }).end();
        return;
      case "allowed":
        proxy.web(request, response, prepare(options, request, access)).catch(() => {});
    }
  });
  server.on("upgrade", (request, socket, head) => {
    if (!(socket instanceof Socket)) return void socket.destroy();
    socket.on("error", () => socket.destroy());
    const access = decide(request, true, options.key);
    if (access.kind !== "allowed") return void socket.end("HTTP/1.1 403 Forbidden\r\n\r\n");
    proxy.ws(request, socket, prepare(options, request, access), head).catch(() => {
      socket.destroy();
    });
  });
  server.maxConnections = maxConnections;
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(options.port, "127.0.0.1", resolve);
  });
  return {
    [Symbol.asyncDispose]: () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

function decide(
  request: IncomingMessage,
  isUpgrade: boolean,
  key: Buffer,
): ReturnType<typeof decideAccess> {
  const { url = "/", headers } = request;
  return decideAccess({ url, headers, isUpgrade }, key, Date.now());
}

/** Rewrites the request to what a development server expects, and leads it to its sandbox. */
function prepare(
  options: PreviewProxyOptions,
  request: IncomingMessage,
  access: Extract<ReturnType<typeof decideAccess>, { kind: "allowed" }>,
) {
  const { target, origin } = access;
  const { headers } = request;
  inside.set(request, { origin, port: target.port });
  const cookie = withoutPreviewCookie(headers.cookie);
  if (cookie === "") delete headers.cookie;
  else headers.cookie = cookie;
  if (headers.origin !== undefined) headers.origin = toInside(headers.origin, origin, target.port);
  if (headers.referer?.includes(previewTokenParameter)) delete headers.referer;
  else if (headers.referer) headers.referer = toInside(headers.referer, origin, target.port);
  return {
    target: { protocol: "http:", host: "localhost", port: target.port },
    headers: { host: `localhost:${target.port}` },
    agent: new DialerAgent(options.dialerPath(target.taskId), target.port),
  };
}

function rewriteReply(reply: IncomingMessage, request: IncomingMessage): void {
  const known = inside.get(request);
  if (known === undefined) return;
  const { headers } = reply;
  const { origin, port } = known;
  if (headers["set-cookie"]) headers["set-cookie"] = safeSetCookies(headers["set-cookie"]);
  if (headers.location) headers.location = toOutside(headers.location, origin, port);
  const allowed = headers["access-control-allow-origin"];
  if (allowed) headers["access-control-allow-origin"] = toOutside(allowed, origin, port);
}

function answerFailure(error: Error, response: ServerResponse | Socket | undefined): void {
  if (response === undefined) return;
  if (response instanceof Socket) return void response.destroy();
  const asleep = error instanceof DialError && error.reason === "asleep";
  answerPage(response, asleep ? answers.asleep : answers.closed);
}

function answerPage(response: ServerResponse, answer: PreviewAnswer): void {
  if (response.headersSent) return void response.destroy();
  response.writeHead(answer.status, {
    "content-type": "text/html; charset=utf-8",
    "cache-control": "no-store",
    "content-security-policy": "default-src 'none'; style-src 'unsafe-inline'",
    ...(answer.retrySeconds === undefined ? {} : { "retry-after": String(answer.retrySeconds) }),
  });
  response.end(renderAnswer(answer));
}

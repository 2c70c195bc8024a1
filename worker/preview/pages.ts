import { request } from "node:http";
import { DialerAgent } from "./dialer-agent.ts";

/** What one GET of `/` brought. */
export interface ProbeAnswer {
  readonly status: number;
  readonly contentType: string;
  /** The beginning of the body. */
  readonly head: string;
  /** Where a redirect leads. */
  readonly location?: string;
}

const maxHeadBytes = 32_768;
const answerTimeoutMs = 8_000;
/** A server that has just begun to listen may still be building its first page. */
const maxTries = 3;
const maxRedirects = 3;

/**
 * Whether an answer is a page that a person would look at. Debuggers, metrics and plain interfaces
 * answer http too, with JSON or text; error pages of a server without a page count as none. Pure.
 */
export function decidePage(answer: ProbeAnswer): { readonly title: string } | undefined {
  if (answer.status < 200 || answer.status >= 300) return undefined;
  if (!/^\s*(text\/html|application\/xhtml\+xml)\b/i.test(answer.contentType)) return undefined;
  const looksLikeHtml = /<(!doctype|html|head|body|title|div|main|h[1-6]|p|script)\b/i;
  if (!looksLikeHtml.test(answer.head)) return undefined;
  return { title: titleOf(answer.head) };
}

function titleOf(html: string): string {
  const raw = /<title[^>]*>([\s\S]{0,1000}?)<\/title>/i.exec(html)?.[1] ?? "";
  const named: Readonly<Record<string, string>> = { amp: "&", lt: "<", gt: ">", quot: '"' };
  return raw
    .replace(/&(amp|lt|gt|quot);/g, (all, name: string) => named[name] ?? all)
    .replace(/&#39;|&apos;/g, "'")
    .replace(/[\p{Cc}\p{Cf}\s]+/gu, " ")
    .trim()
    .slice(0, 120);
}

/** Where a redirect leads on the same server; undefined where it leads elsewhere. Pure. */
export function redirectPath(answer: ProbeAnswer, port: number): string | undefined {
  if (answer.status < 300 || answer.status >= 400 || answer.location === undefined)
    return undefined;
  const base = `http://localhost:${port}`;
  const url = URL.canParse(answer.location, base) ? new URL(answer.location, base) : undefined;
  return url?.origin === base ? `${url.pathname}${url.search}` : undefined;
}

/** See `probePage`. */
export interface ProbeOptions {
  readonly dialerPath: string;
  readonly port: number;
  /** It must stay up for so long. */
  readonly stayMs: number;
  readonly signal: AbortSignal;
  /** Where the page is; `/` unless told. */
  readonly path?: string;
}

/**
 * Looks at a port twice, `stayMs` apart: a page that is still there is one. Nothing that the peer
 * does (silence, noise, endless bytes) takes longer than the deadlines or makes an error.
 */
export async function probePage(
  options: ProbeOptions,
): Promise<{ readonly title: string } | undefined> {
  for (let tries = 0; tries < maxTries; tries += 1) {
    const first = await getPage(options);
    if (options.signal.aborted) return undefined;
    if (first === "silent") continue;
    if (first === "closed" || decidePage(first) === undefined) return undefined;
    await sleep(options.stayMs, options.signal);
    if (options.signal.aborted) return undefined;
    const second = await getPage(options);
    return typeof second === "string" ? undefined : decidePage(second);
  }
  return undefined;
}

async function getPage(options: ProbeOptions): Promise<ProbeAnswer | "silent" | "closed"> {
  let path = options.path ?? "/";
  for (let hops = 0; ; hops += 1) {
    const answer = await get(options, path);
    const next = typeof answer === "string" ? undefined : redirectPath(answer, options.port);
    if (next === undefined || hops >= maxRedirects) return answer;
    path = next;
  }
}

/** `silent`: connected, and no answer in time. `closed`: no connection, or no http. */
function get(
  { dialerPath, port, signal: given }: ProbeOptions,
  path: string,
): Promise<ProbeAnswer | "silent" | "closed"> {
  const { promise, resolve } = Promise.withResolvers<ProbeAnswer | "silent" | "closed">();
  const signal = AbortSignal.any([given, AbortSignal.timeout(answerTimeoutMs)]);
  const outgoing = request({
    agent: new DialerAgent(dialerPath, port),
    path,
    headers: { host: `localhost:${port}`, accept: "text/html", "user-agent": "colony-preview" },
    signal,
    maxHeaderSize: 16_384,
  });
  outgoing.on("response", (reply) => {
    const chunks: Buffer[] = [];
    let bytes = 0;
    function finish(): void {
      outgoing.destroy();
      const { location } = reply.headers;
      resolve({
        status: reply.statusCode ?? 0,
        contentType: reply.headers["content-type"] ?? "",
        head: Buffer.concat(chunks).toString("utf8", 0, maxHeadBytes),
        ...(location === undefined ? {} : { location }),
      });
    }
    reply.on("data", (chunk: Buffer) => {
      chunks.push(chunk);
      bytes += chunk.length;
      if (bytes >= maxHeadBytes) finish();
    });
    reply.on("end", finish).on("error", finish);
  });
  outgoing.on("error", () => resolve(signal.aborted ? "silent" : "closed"));
  outgoing.end();
  return promise;
}

function sleep(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(done, ms);
    function done(): void {
      clearTimeout(timer);
      signal.removeEventListener("abort", done);
      resolve();
    }
    signal.addEventListener("abort", done, { once: true });
  });
}

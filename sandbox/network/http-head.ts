import type { IncomingHttpHeaders, IncomingMessage } from "node:http";
import { howToAsk, refusedPath } from "./refused-file.ts";
import { hostName } from "./stand-in.ts";

const hopByHop = new Set([
  "connection",
  "keep-alive",
  "proxy-connection",
  "proxy-authorization",
  "proxy-authenticate",
  "te",
  "trailer",
  "transfer-encoding",
  "upgrade",
  "expect",
]);

/** Headers that belong to the message and not to one connection, as they were written. */
export function endToEndHeaders(raw: readonly string[], request?: IncomingHttpHeaders): string[] {
  const kept: string[] = [];
  for (let index = 0; index + 1 < raw.length; index += 2) {
    const name = raw[index] ?? "";
    if (!hopByHop.has(name.toLowerCase())) kept.push(name, raw[index + 1] ?? "");
  }
  // A body of unknown length needs saying; Node frames it.
  if (request?.["transfer-encoding"] !== undefined) kept.push("Transfer-Encoding", "chunked");
  return kept;
}

/** Why a request does not fit the name its address was given for. */
export function hostProblem(
  name: string | undefined,
  host: string | undefined,
  url: string | undefined,
): string | undefined {
  if (name === undefined) return "this address was given to no name";
  if (url !== undefined && !url.startsWith("/") && url !== "*") return "this is no proxy";
  if (host === undefined) return undefined;
  if (hostName(host.replace(/:[0-9]{1,5}$/, "")) === name) return undefined;
  return `the Host header is ${JSON.stringify(host.slice(0, 100))}, its address was given for ${name}`;
}

/** The page that a refused program sees; apt and others show only the reason phrase. */
export function refusalHead(problem: {
  readonly cause: "refused" | "unreachable";
  readonly sentence: string;
}): { readonly status: number; readonly reason: string; readonly body: string } {
  const refused = problem.cause === "refused";
  const who = refused ? "Refused by the network policy of this Colony sandbox" : "Not reachable";
  const sentence = `${who}: ${problem.sentence}`;
  const reason = sentence.replace(/[^\x20-\x7e]/g, "?").slice(0, 200);
  const body = refused
    ? `${sentence}\n${howToAsk}\nAll refusals: ${refusedPath}\n`
    : `${sentence}\n`;
  return { status: refused ? 403 : 502, reason, body };
}

/** Writes a request's head again, for connections that are passed on whole after it. */
export function rawHead(incoming: IncomingMessage): string {
  const lines = [`${incoming.method ?? "GET"} ${incoming.url ?? "/"} HTTP/1.1`];
  for (let index = 0; index + 1 < incoming.rawHeaders.length; index += 2) {
    lines.push(`${incoming.rawHeaders[index]}: ${incoming.rawHeaders[index + 1]}`);
  }
  return `${lines.join("\r\n")}\r\n\r\n`;
}

import type { Ends } from "./commands-inside.ts";

/** A connection to a name. */
export interface NameRequest {
  readonly want: "name";
  readonly name: string;
  readonly port: number;
  readonly scheme: "http" | "https" | "tcp";
  /** For the ledger: whose connection inside it is. */
  readonly ends?: Ends;
}

/** What the relay asks of the host for one connection; one JSON line, then raw bytes. */
export type EgressRequest = NameRequest | { readonly want: "forward"; readonly port: number };

/** The host's answer; one JSON line. After `ok` the connection is the destination's. */
export type EgressAnswer =
  | { readonly ok: true; readonly via: "direct" | "proxy" }
  | {
      readonly ok: false;
      /** Refused by policy, or allowed and not reachable. */
      readonly cause: "refused" | "unreachable";
      readonly sentence: string;
    };

/** What the relay reports on its standard output; one JSON line each. */
export type RelayReport =
  /** Its sockets are open. */
  | { readonly report: "listening" }
  /** It answers on them. */
  | { readonly report: "ready" }
  /** So many of the host are connected to ports inside; told when one comes or goes. */
  | { readonly report: "dialled"; readonly open: number }
  | {
      readonly report: "dns";
      readonly name: string;
      readonly type: string;
      /** False: it is no host name, and got no address. */
      readonly answered: boolean;
    }
  | {
      readonly report: "request";
      /** The client's end of its connection inside. */
      readonly client: string;
      readonly name: string;
      readonly port: number;
      readonly method: string;
      readonly status: number;
      readonly bytesUp: number;
      readonly bytesDown: number;
      readonly ms: number;
    }
  | {
      readonly report: "refused";
      readonly kind: "request" | "connection";
      readonly name: string;
      readonly port: number;
      readonly sentence: string;
      readonly ends?: Ends;
    };

/** Longest line of either side. */
export const maxLineBytes = 2_048;

/** Parses by hand: the relay and the keeper are many, and a schema library costs each its memory. */
export function parseEgressRequest(line: string): EgressRequest | undefined {
  const value = parseObject(line);
  if (value === undefined || !isPort(value["port"])) return undefined;
  const port = value["port"];
  if (value["want"] === "forward") return { want: "forward", port };
  const { name, scheme } = value;
  if (value["want"] !== "name" || typeof name !== "string") return undefined;
  if (scheme !== "http" && scheme !== "https" && scheme !== "tcp") return undefined;
  return { want: "name", name, port, scheme, ...endsIn(value) };
}

function endsIn(value: Record<string, unknown>): { readonly ends?: Ends } {
  const { ends } = value;
  if (typeof ends !== "object" || ends === null) return {};
  const { client, local }: { client?: unknown; local?: unknown } = ends;
  if (typeof client !== "string" || typeof local !== "string") return {};
  if (client.length > 30 || local.length > 30) return {};
  return { ends: { client, local } };
}

export function parseEgressAnswer(line: string): EgressAnswer | undefined {
  const value = parseObject(line);
  if (value === undefined) return undefined;
  if (value["ok"] === true) return { ok: true, via: value["via"] === "proxy" ? "proxy" : "direct" };
  const { sentence } = value;
  if (typeof sentence !== "string") return undefined;
  return { ok: false, cause: value["cause"] === "refused" ? "refused" : "unreachable", sentence };
}

export function parseRelayReport(line: string): RelayReport | undefined {
  const value = parseObject(line);
  if (value === undefined) return undefined;
  const text = (key: string): string => {
    const found = value[key];
    return typeof found === "string" ? found.slice(0, 300) : "";
  };
  const number = (key: string): number => (typeof value[key] === "number" ? value[key] : 0);
  const to = { name: text("name"), port: number("port") };
  switch (value["report"]) {
    case "listening":
    case "ready":
      return { report: value["report"] };
    case "dialled":
      return { report: "dialled", open: number("open") };
    case "dns":
      return {
        report: "dns",
        name: to.name,
        type: text("type"),
        answered: value["answered"] === true,
      };
    case "request":
      return {
        report: "request",
        client: text("client"),
        ...to,
        method: text("method"),
        status: number("status"),
        bytesUp: number("bytesUp"),
        bytesDown: number("bytesDown"),
        ms: number("ms"),
      };
    case "refused": {
      const kind = value["kind"] === "request" ? "request" : "connection";
      return { report: "refused", kind, ...to, sentence: text("sentence"), ...endsIn(value) };
    }
    default:
      return undefined;
  }
}

function isPort(value: unknown): value is number {
  return typeof value === "number" && Number.isInteger(value) && value > 0 && value < 65_536;
}

function parseObject(line: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(line);
    return typeof value === "object" && value !== null ? { ...value } : undefined;
  } catch {
    return undefined;
  }
}

/** URIs of enabled sources, from either format of apt's source lists. Pure. */
export function parseAptSources(text: string, format: "list" | "sources"): string[] {
  return format === "list" ? parseOneLine(text) : parseDeb822(text);
}

function parseOneLine(text: string): string[] {
  const uris: string[] = [];
  for (const line of text.split("\n")) {
    const match = /^\s*deb(?:-src)?\s+(?:\[[^\]]*\]\s*)?(\S+)/.exec(line);
    if (match?.[1] !== undefined) uris.push(match[1]);
  }
  return uris;
}

function parseDeb822(text: string): string[] {
  const withoutComments = text.replace(/^#.*\n?/gm, "");
  return withoutComments.split(/\n\s*\n/).flatMap((stanza) => {
    const fields = new Map<string, string>();
    for (const field of stanza.replace(/\n[ \t]+/g, " ").split("\n")) {
      const colon = field.indexOf(":");
      if (colon > 0) fields.set(field.slice(0, colon).trim().toLowerCase(), field.slice(colon + 1));
    }
    if (/^\s*(no|false|0)\s*$/i.test(fields.get("enabled") ?? "")) return [];
    return (fields.get("uris") ?? "").split(/\s+/).filter((uri) => uri !== "");
  });
}

/** Proxies of apt: for all of a scheme, and for single hosts (`DIRECT` says none). */
export interface AptProxies {
  readonly http?: string;
  readonly https?: string;
  readonly byHost: ReadonlyMap<string, string>;
  /** Programs that name a proxy when they are given a URL. */
  readonly autoDetect?: string;
}

/** Parses `apt-config dump Acquire`. Pure. */
export function parseAptProxies(dump: string): AptProxies {
  const byHost = new Map<string, string>();
  const found: { http?: string; https?: string; autoDetect?: string } = {};
  for (const line of dump.split("\n")) {
    const match = /^Acquire::(https?)::(\S+) "(.*)";$/i.exec(line);
    const [, scheme = "", key = "", value = ""] = match ?? [];
    if (value === "") continue;
    const lower = key.toLowerCase();
    if (lower === "proxy-auto-detect" || lower === "proxyautodetect") found.autoDetect = value;
    else if (lower === "proxy") found[scheme.toLowerCase() === "http" ? "http" : "https"] = value;
    else if (lower.startsWith("proxy::")) byHost.set(lower.slice("proxy::".length), value);
  }
  return { ...found, byHost };
}

/** Names of the mirrors in the file of a `mirror+file:` source. Pure. */
export function parseMirrorList(text: string): string[] {
  return text
    .split("\n")
    .map((line) => line.trim().split(/\s/)[0] ?? "")
    .filter((uri) => /^https?:/.test(uri));
}

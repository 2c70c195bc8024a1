/** Registries and proxies of an npm configuration file, its `${VARIABLES}` filled in. Pure. */
export function parseNpmrc(
  text: string,
  env: Readonly<Record<string, string | undefined>>,
): {
  readonly registries: string[];
  /** The one for packages without a scope. */
  readonly main?: string;
  readonly proxy?: string;
  readonly httpsProxy?: string;
} {
  const registries: string[] = [];
  const found: { main?: string; proxy?: string; httpsProxy?: string } = {};
  for (const [key, raw] of assignments(text, /[#;]/)) {
    const value = raw.replace(/\$\{([^}?]+)\??\}/g, (all, name: string) => env[name] ?? all);
    if (key === "registry") found.main = value;
    if (key === "registry" || /^@[^:]+:registry$/.test(key)) registries.push(value);
    if (key === "proxy" || key === "http-proxy") found.proxy = value;
    if (key === "https-proxy") found.httpsProxy = value;
  }
  return { registries, ...found };
}

/** Indexes and the proxy of a pip configuration file; a value may go on over indented lines. Pure. */
export function parsePipConf(text: string): {
  readonly indexes: string[];
  /** Set in place of the usual index: its address, or "" for none. */
  readonly main?: string;
  readonly proxy?: string;
} {
  const indexes: string[] = [];
  const found: { main?: string; proxy?: string } = {};
  const joined = text.replace(/^\s*[#;].*$/gm, "").replace(/\n+[ \t]+/g, " ");
  for (const [key, value] of assignments(joined, /[#;[]/)) {
    const name = key.replaceAll("_", "-");
    if (name === "index-url") found.main = value;
    if (name === "no-index" && /^(1|true|yes|on)$/i.test(value)) found.main ??= "";
    if (name === "index-url" || name === "extra-index-url") indexes.push(...value.split(/\s+/));
    if (name === "proxy") found.proxy = value;
  }
  return { indexes, ...found };
}

function assignments(text: string, comment: RegExp): [string, string][] {
  return text.split("\n").flatMap((line): [string, string][] => {
    const equals = line.indexOf("=");
    if (equals < 1 || comment.test(line.trimStart()[0] ?? "")) return [];
    const value = line.slice(equals + 1).trim();
    return [[line.slice(0, equals).trim(), value.replace(/^(["'])(.*)\1$/, "$2")]];
  });
}

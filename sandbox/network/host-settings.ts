import { existsSync } from "node:fs";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { runCommand } from "../command.ts";
import { insideBrowser } from "../image/browser.ts";
import { insideHeaders, nodeHeaders } from "../image/node-headers.ts";
import {
  type AptProxies,
  parseAptProxies,
  parseAptSources,
  parseMirrorList,
} from "./apt-settings.ts";
import type { HostSettings, Registry } from "./egress-policy.ts";
import { parseNpmrc, parsePipConf } from "./language-settings.ts";
import { type PackageFacts, packageEnvironment } from "./package-environment.ts";
import { refusedPath, refusedVariable } from "./refused-file.ts";
import { hostName } from "./stand-in.ts";

/** Whose settings: the environment and the home folder of the one who set this host up. */
export interface SettingsOwner {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly home: string;
}

const certificates = "/etc/ssl/certs/ca-certificates.crt";

/** Registries of one package manager, and the one that is set in place of its default. */
interface Found {
  readonly registries: readonly Registry[];
  readonly given: string | undefined;
}

/** Registries that serve their files from another name than their index. */
const companions: Readonly<Record<string, readonly string[]>> = {
  "registry.npmjs.org": ["registry.yarnpkg.com"],
  "npm.pkg.github.com": ["pkg-npm.githubusercontent.com"],
  "pypi.org": ["files.pythonhosted.org"],
};

/** Reads which registries this host is set up to use, and how it gets out, from its own files. */
export async function readHostSettings(owner: SettingsOwner): Promise<HostSettings> {
  const [apt, npm, pip] = await Promise.all([readApt(), readNpm(owner), readPip(owner)]);
  const { env } = owner;
  const browser = insideBrowser();
  const httpProxy = proxyUrl(
    env["http_proxy"] ?? env["HTTP_PROXY"] ?? env["all_proxy"] ?? env["ALL_PROXY"],
  );
  const httpsProxy = proxyUrl(
    env["https_proxy"] ?? env["HTTPS_PROXY"] ?? env["all_proxy"] ?? env["ALL_PROXY"],
  );
  return {
    registries: [...apt, ...npm.registries, ...pip.registries].flatMap(withCompanions),
    environment: withRefusals({
      ...(existsSync(certificates) ? { certificates } : {}),
      ...(nodeHeaders(process.execPath) === undefined ? {} : { nodeHeaders: insideHeaders }),
      ...(browser === undefined ? {} : { browser }),
      ...(npm.given === undefined ? {} : { npmRegistry: npm.given }),
      ...(pip.given === undefined ? {} : { pipIndex: pip.given }),
    }),
    ...(httpProxy === undefined ? {} : { httpProxy }),
    ...(httpsProxy === undefined ? {} : { httpsProxy }),
    noProxy: (env["no_proxy"] ?? env["NO_PROXY"] ?? "").split(",").filter((part) => part !== ""),
  };
}

/** What programs inside are told: package managers their registries, and where refusals are listed. */
function withRefusals(facts: PackageFacts): Record<string, string> {
  return { [refusedVariable]: refusedPath, ...packageEnvironment(facts) };
}

async function readApt(): Promise<Registry[]> {
  const parts = await readdir("/etc/apt/sources.list.d").catch((): string[] => []);
  const files = [
    "/etc/apt/sources.list",
    ...parts.map((name) => join("/etc/apt/sources.list.d", name)),
  ];
  const uris: string[] = [];
  for (const file of files) {
    if (!/\.(list|sources)$/.test(file)) continue;
    uris.push(...parseAptSources(await read(file), file.endsWith(".list") ? "list" : "sources"));
  }
  for (const uri of [...uris]) {
    const list = /^mirror\+file:(?:\/\/)?(\/\S+)$/.exec(uri)?.[1];
    if (list !== undefined) uris.push(...parseMirrorList(await read(list)));
  }
  const proxies = parseAptProxies(await aptConfiguration());
  const found = uris.map((uri) => registryOf(uri.replace(/^(mirror|tor)\+/, "")));
  return Promise.all(
    found.filter((registry) => registry !== undefined).map((one) => withAptProxy(one, proxies)),
  );
}

async function aptConfiguration(): Promise<string> {
  const result = await runCommand({
    argv: ["apt-config", "dump", "Acquire"],
    env: { PATH: "/usr/sbin:/usr/bin:/sbin:/bin" },
    timeoutMs: 10_000,
    maxOutputBytes: 1 << 20,
  }).catch(() => undefined);
  return result?.stdout.toString("utf8") ?? "";
}

async function withAptProxy(registry: Registry, proxies: AptProxies): Promise<Registry> {
  const text =
    proxies.byHost.get(registry.name) ??
    (registry.scheme === "https" ? (proxies.https ?? proxies.http) : proxies.http) ??
    (proxies.autoDetect === undefined
      ? undefined
      : await detectProxy(proxies.autoDetect, registry));
  if (text === undefined || text === "") return registry;
  const proxy = text.toUpperCase() === "DIRECT" ? "direct" : proxyUrl(text);
  return proxy === undefined ? registry : { ...registry, proxy };
}

/** apt's own rule: the program is given the URL, its first line names the proxy. */
async function detectProxy(program: string, registry: Registry): Promise<string | undefined> {
  const result = await runCommand({
    argv: [program, `${registry.scheme}://${registry.name}:${registry.port}/`],
    env: { PATH: "/usr/sbin:/usr/bin:/sbin:/bin" },
    timeoutMs: 10_000,
    maxOutputBytes: 4_096,
  }).catch(() => undefined);
  return result?.exitCode === 0 ? result.stdout.toString("utf8").split("\n")[0]?.trim() : undefined;
}

async function readNpm({ env, home }: SettingsOwner): Promise<Found> {
  const own = env["npm_config_userconfig"] ?? join(home, ".npmrc");
  const global = env["npm_config_globalconfig"];
  const files = [own, global ?? "/usr/etc/npmrc", "/usr/local/etc/npmrc", "/etc/npmrc"];
  const parsed = await Promise.all(files.map(async (file) => parseNpmrc(await read(file), env)));
  const main =
    env["npm_config_registry"] ??
    env["NPM_CONFIG_REGISTRY"] ??
    parsed.find((one) => one.main !== undefined)?.main;
  const urls = [main ?? "https://registry.npmjs.org/", ...parsed.flatMap((one) => one.registries)];
  const plain = proxyUrl(env["npm_config_proxy"] ?? parsed.find((one) => one.proxy)?.proxy);
  const secure = proxyUrl(
    env["npm_config_https_proxy"] ?? parsed.find((one) => one.httpsProxy)?.httpsProxy,
  );
  const registries = urls.flatMap((url) => {
    const proxy = url.startsWith("https:") ? (secure ?? plain) : plain;
    return registriesOf(url, proxy);
  });
  return { registries, given: main };
}

async function readPip({ env, home }: SettingsOwner): Promise<Found> {
  const files = [
    env["PIP_CONFIG_FILE"] ?? join(home, ".config/pip/pip.conf"),
    join(home, ".pip/pip.conf"),
    "/etc/pip.conf",
    "/etc/xdg/pip/pip.conf",
  ];
  const parsed = await Promise.all(files.map(async (file) => parsePipConf(await read(file))));
  const main = env["PIP_INDEX_URL"] ?? parsed.find((one) => one.main !== undefined)?.main;
  const extra = env["PIP_EXTRA_INDEX_URL"]?.split(/\s+/) ?? [];
  const urls = [main ?? "https://pypi.org/simple", ...extra, ...parsed.flatMap((p) => p.indexes)];
  const proxy = proxyUrl(env["PIP_PROXY"] ?? parsed.find((one) => one.proxy)?.proxy);
  return { registries: urls.flatMap((url) => registriesOf(url, proxy)), given: main };
}

function registriesOf(url: string, proxy: URL | undefined): Registry[] {
  const registry = registryOf(url);
  if (registry === undefined) return [];
  return [proxy === undefined ? registry : { ...registry, proxy }];
}

function withCompanions(registry: Registry): Registry[] {
  const others = companions[registry.name] ?? [];
  return [registry, ...others.map((name) => ({ ...registry, name }))];
}

function registryOf(text: string): Registry | undefined {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  const scheme = url?.protocol === "https:" ? "https" : "http";
  if (url === undefined || !/^https?:$/.test(url.protocol)) return undefined;
  const name = hostName(url.hostname);
  if (name === undefined) return undefined;
  return { name, scheme, port: Number(url.port) || (scheme === "https" ? 443 : 80) };
}

function proxyUrl(text: string | undefined): URL | undefined {
  if (text === undefined || text === "" || text === "null" || text === "false") return undefined;
  const full = text.includes("://") ? text : `http://${text}`;
  const url = URL.canParse(full) ? new URL(full) : undefined;
  return url !== undefined && /^https?:$/.test(url.protocol) ? url : undefined;
}

function read(file: string): Promise<string> {
  return readFile(file, "utf8").catch(() => "");
}

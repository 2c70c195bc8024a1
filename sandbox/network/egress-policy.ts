import type { EgressPolicy } from "../spec.ts";
import { hostName } from "./stand-in.ts";

/** A package registry that the host itself is set up to use. */
export interface Registry {
  readonly name: string;
  readonly port: number;
  readonly scheme: "http" | "https";
  /** Its own way out where the host's settings give it one ("direct" says none). */
  readonly proxy?: URL | "direct";
}

/** How the host gets out, read from its own settings. */
export interface HostSettings {
  readonly registries: readonly Registry[];
  readonly httpProxy?: URL;
  readonly httpsProxy?: URL;
  /** Entries of `no_proxy`. */
  readonly noProxy: readonly string[];
  /** Variables for every program inside: `packageEnvironment`. */
  readonly environment: Readonly<Record<string, string>>;
}

export interface Destination {
  readonly name: string;
  readonly port: number;
  readonly scheme: "http" | "https";
}

/** Whether a connection may go out, and how. */
export type EgressDecision =
  | {
      readonly kind: "allowed";
      readonly route: URL | "direct";
      /** See `AddressRules.trustedName`. */
      readonly trustedName: boolean;
    }
  | { readonly kind: "refused"; readonly sentence: string };

/** Decides by name alone; the resolved address is checked apart. Pure. */
export function decideEgress(
  policy: EgressPolicy,
  host: HostSettings,
  to: Destination,
): EgressDecision {
  if (hostName(to.name) !== to.name) return refused(to, "it is no host name");
  const own = host.registries.filter((known) => known.name === to.name);
  const route = routeTo(host, own, to);
  switch (policy.kind) {
    case "none":
      return refused(to, "this sandbox has no network");
    case "packages": {
      if (own.some((registry) => portFits(registry, to))) {
        return { kind: "allowed", route, trustedName: true };
      }
      if (isStandardPort(to) && matchesAny(policy.alsoNames, to.name)) {
        return { kind: "allowed", route, trustedName: false };
      }
      return refused(to, "it is neither a package registry of this host nor on the list of names");
    }
    case "names":
      if (isStandardPort(to) && matchesAny(policy.names, to.name)) {
        return { kind: "allowed", route, trustedName: false };
      }
      return refused(to, "it is not on the list of names");
    case "open":
      return isStandardPort(to) || own.some((registry) => portFits(registry, to))
        ? { kind: "allowed", route, trustedName: false }
        : refused(to, "only ports 80 and 443 lead out");
  }
}

function refused(to: Destination, reason: string): EgressDecision {
  return { kind: "refused", sentence: `${to.name}:${to.port} is not allowed: ${reason}` };
}

function isStandardPort(to: Destination): boolean {
  return to.port === (to.scheme === "http" ? 80 : 443);
}

/** A registry's http and https are one service; any other port must be the one it was given. */
function portFits(registry: Registry, to: Destination): boolean {
  return isStandardPort(to) || (registry.port === to.port && registry.scheme === to.scheme);
}

/** Pure: does a name match an entry; `*.example.com` means every name below, not the name itself. */
export function matchesAny(entries: readonly string[], name: string): boolean {
  return entries.some((entry) => {
    const lower = entry.toLowerCase();
    return lower.startsWith("*.") ? name.endsWith(lower.slice(1)) : name === lower;
  });
}

function routeTo(host: HostSettings, own: readonly Registry[], to: Destination): URL | "direct" {
  const given = own.find((registry) => registry.proxy !== undefined);
  if (given?.proxy !== undefined) return given.proxy;
  const proxy = to.scheme === "http" ? host.httpProxy : host.httpsProxy;
  if (proxy === undefined || bypasses(host.noProxy, to)) return "direct";
  return proxy;
}

/** `no_proxy` as curl reads it: `*`, names with everything below them, an optional port. */
function bypasses(noProxy: readonly string[], to: Destination): boolean {
  return noProxy.some((entry) => {
    const [, pattern = "", port] = /^(.*?)(?::([0-9]+))?$/.exec(entry.trim().toLowerCase()) ?? [];
    if (pattern === "" || (port !== undefined && Number(port) !== to.port)) return false;
    const bare = pattern.replace(/^\*?\./, "");
    return pattern === "*" || to.name === bare || to.name.endsWith(`.${bare}`);
  });
}

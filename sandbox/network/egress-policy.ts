import type { EgressPolicy, EgressRule } from "../spec.ts";
import { findEntry } from "./egress-entry.ts";
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
  /** `tcp`: bytes of which nothing is known, on a port that somebody listed. */
  readonly scheme: "http" | "https" | "tcp";
}

/** Whether a connection may go out, and how. `rule` says by what, for the ledger. */
export type EgressDecision =
  | {
      readonly kind: "allowed";
      readonly rule: string;
      readonly route: URL | "direct";
      /** See `AddressRules.trustedName`. */
      readonly trustedName: boolean;
    }
  | { readonly kind: "refused"; readonly rule: string; readonly sentence: string };

/** What people decided, at a moment. */
export interface Decided {
  readonly rules: readonly EgressRule[];
  readonly nowMs: number;
}

/** Decides by name alone; the resolved address is checked apart. Pure. */
export function decideEgress(
  policy: EgressPolicy,
  host: HostSettings,
  to: Destination,
  decided: Decided = { rules: [], nowMs: 0 },
): EgressDecision {
  if (hostName(to.name) !== to.name) return refused(to, "no host name", "it is no host name");
  const own = host.registries.filter((known) => known.name === to.name);
  const route = routeTo(host, own, to);
  const rule = ruleFor(decided, to);
  if (rule?.verdict === "block") return refused(to, ruleWords(rule), `${rule.by} keeps it blocked`);
  const byPolicy = ruleOfPolicy(policy, own, to);
  if ("rule" in byPolicy) {
    const trustedName = byPolicy.rule === registryRule;
    return { kind: "allowed", rule: byPolicy.rule, route, trustedName };
  }
  if (rule !== undefined) {
    return { kind: "allowed", rule: ruleWords(rule), route, trustedName: false };
  }
  return refused(to, "not listed", byPolicy.reason);
}

const registryRule = "registry of this host";

function ruleOfPolicy(
  policy: EgressPolicy,
  own: readonly Registry[],
  to: Destination,
): { readonly rule: string } | { readonly reason: string } {
  const registry = own.some((one) => portFits(one, to)) ? { rule: registryRule } : undefined;
  const names = namesOf(policy);
  const entry = findEntry(names, to);
  const listed = entry === undefined ? undefined : { rule: entry };
  switch (policy.kind) {
    case "none":
      return { reason: "this sandbox has no network" };
    case "packages":
      return (
        registry ??
        listed ?? { reason: reasonOf(to, "neither a package registry of this host nor") }
      );
    case "names":
      return listed ?? { reason: reasonOf(to, "not") };
    case "open":
      if (isStandardPort(to)) return { rule: "open" };
      return registry ?? listed ?? { reason: "only ports 80 and 443, and listed ones, lead out" };
  }
}

function namesOf(policy: EgressPolicy): readonly string[] {
  if (policy.kind === "names") return policy.names;
  return policy.kind === "none" ? [] : (policy.alsoNames ?? []);
}

function reasonOf(to: Destination, not: string): string {
  const what = isWebPort(to.port) ? "it" : "this port of it";
  return `${what} is ${not} on the list of names`;
}

/** Of several decisions about one host a block counts first, then the last one. */
function ruleFor({ rules, nowMs }: Decided, to: Destination): EgressRule | undefined {
  const fits = rules.filter((rule) => {
    if (rule.host !== to.name || (rule.untilMs ?? nowMs) < nowMs) return false;
    return rule.verdict === "block" || isWebPort(to.port) || rule.ports.includes(to.port);
  });
  return fits.find((rule) => rule.verdict === "block") ?? fits.at(-1);
}

/** "allowed for this task by Ada". */
function ruleWords({ verdict, scope, by }: EgressRule): string {
  if (verdict === "block") return `kept blocked by ${by}`;
  const how = { once: "allowed once", task: "allowed for this task", repository: "always allowed" };
  return `${how[scope]} by ${by}`;
}

function refused(to: Destination, rule: string, reason: string): EgressDecision {
  const sentence = `${to.name}:${to.port} is not allowed: ${reason}`;
  return { kind: "refused", rule, sentence };
}

function isWebPort(port: number): boolean {
  return port === 80 || port === 443;
}

function isStandardPort(to: Destination): boolean {
  return to.port === (to.scheme === "http" ? 80 : 443) && to.scheme !== "tcp";
}

/** A registry's http and https are one service; any other port must be the one it was given. */
function portFits(registry: Registry, to: Destination): boolean {
  return isStandardPort(to) || (registry.port === to.port && registry.scheme === to.scheme);
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

import { isIPv4, isIPv6 } from "node:net";
import { z } from "zod";
import { type EgressPolicy, parseEgressEntry, renderEgressEntry } from "../../sandbox/sandbox.ts";

const words = ["none", "packages", "open"] as const;

const egressExpected =
  "`none`, `packages`, `open`, or a list of host names such as [packages, api.example.com, '*.example.org', 'git.example.com:22']";

/** `none`, `packages`, `open` or a list of names, in which `packages` or `open` may stand too. */
export const egressField = z
  .union([z.string(), z.array(z.string()).max(500)], { error: egressExpected })
  .transform((wish, context): EgressPolicy => {
    const list = typeof wish === "string" ? [wish] : wish;
    const names: string[] = [];
    for (const [index, text] of list.entries()) {
      if (isWord(text)) continue;
      const entry = parseEgressEntry(text);
      const problem = "problem" in entry ? entry.problem : oneLabelProblem(entry.name);
      if (problem === undefined && !("problem" in entry)) {
        names.push(renderEgressEntry(entry));
        continue;
      }
      context.addIssue({
        code: "custom",
        message: egressExpected,
        params: { got: text, known: words, ...(problem === undefined ? {} : { why: problem }) },
        path: typeof wish === "string" ? [] : [index],
      });
      return z.NEVER;
    }
    if (list.includes("none") && list.length > 1) {
      context.addIssue({ code: "custom", message: "`none` alone, or names without it" });
      return z.NEVER;
    }
    if (list.includes("open")) {
      // Names add their ports alone here: 80 and 443 are open.
      const ported = names.filter((name) => name.includes(":"));
      return ported.length === 0 ? { kind: "open" } : { kind: "open", alsoNames: ported };
    }
    if (list.includes("packages")) return { kind: "packages", alsoNames: names };
    return names.length === 0 ? { kind: "none" } : { kind: "names", names };
  });

function isWord(text: string): boolean {
  return words.some((word) => word === text);
}

/** A single word is a misspelled `packages` more often than a host. */
function oneLabelProblem(name: string): string | undefined {
  return name.includes(".") ? undefined : "is no full host name";
}

const addressesExpected =
  "addresses or ranges that sandboxes may reach although they are private or reserved, such as [10.1.2.3, 192.0.2.0/24]";

/** For the administrator alone: what the built-in list of refused ranges does not hold for. */
export const egressAddressesField = z
  .array(z.string({ error: addressesExpected }), { error: addressesExpected })
  .max(100, addressesExpected)
  .transform((list, context): readonly string[] => {
    const ranges = list.map(parseRange);
    const wrong = ranges.indexOf(undefined);
    if (wrong < 0) return ranges.filter((range) => range !== undefined);
    context.addIssue({ code: "custom", message: addressesExpected, path: [wrong] });
    return z.NEVER;
  });

/** `10.1.2.3` → `10.1.2.3/32`. */
function parseRange(text: string): string | undefined {
  const [, address = "", prefix] = /^([^/]*)(?:\/([0-9]{1,3}))?$/.exec(text.trim()) ?? [];
  const longest = isIPv4(address) ? 32 : isIPv6(address) && !address.includes("%") ? 128 : 0;
  const length = prefix === undefined ? longest : Number(prefix);
  return longest === 0 || length > longest ? undefined : `${address}/${length}`;
}

/** What both allow, and the names that the bound takes from the wish. */
export interface BoundedEgress {
  readonly egress: EgressPolicy;
  readonly refused: readonly string[];
}

/** Pure: never more than `bound`, whatever is wished. */
export function decideEgress(wish: EgressPolicy, bound: EgressPolicy): BoundedEgress {
  if (wish.kind === "none") return { egress: wish, refused: [] };
  if (bound.kind === "open") return { egress: wish, refused: [] };
  if (wish.kind === "open") return { egress: bound, refused: ["open"] };
  const names = namesOf(wish).filter((name) => isWithin(name, bound));
  const refused = namesOf(wish).filter((name) => !names.includes(name));
  if (wish.kind === "packages" && bound.kind === "packages") {
    return { egress: { kind: "packages", alsoNames: names }, refused };
  }
  const all = wish.kind === "packages" ? ["packages", ...refused] : refused;
  return {
    egress: names.length === 0 ? { kind: "none" } : { kind: "names", names },
    refused: all,
  };
}

/** Pure: whether the administrator lets this entry be reached, by settings or by a person's word. */
export function isWithin(entry: string, bound: EgressPolicy): boolean {
  return bound.kind === "open" || namesOf(bound).some((by) => covers(by, entry));
}

function namesOf(policy: EgressPolicy): readonly string[] {
  if (policy.kind === "names") return policy.names;
  return policy.kind === "none" ? [] : (policy.alsoNames ?? []);
}

/** `*.a.b` covers `x.a.b` and `*.x.a.b`, not `a.b` itself; a port must be the same, or both have none. */
function covers(allowed: string, wished: string): boolean {
  const by = parseEgressEntry(allowed);
  const entry = parseEgressEntry(wished);
  if ("problem" in by || "problem" in entry || by.port !== entry.port) return false;
  if (!by.wildcard) return !entry.wildcard && by.name === entry.name;
  return entry.name.endsWith(`.${by.name}`) || (entry.wildcard && entry.name === by.name);
}

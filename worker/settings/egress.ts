import { z } from "zod";
import type { EgressPolicy } from "../../sandbox/sandbox.ts";

const words = ["none", "packages", "open"] as const;
const hostName =
  /^(?:\*\.)?(?:[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?\.)+[a-z](?:[a-z0-9-]{0,61}[a-z0-9])?$/i;

export const egressExpected =
  "`none`, `packages`, `open`, or a list of host names such as [packages, api.example.com, '*.example.org']";

/** `none`, `packages`, `open` or a list of names, in which `packages` may stand too. */
export const egressField = z
  .union([z.string(), z.array(z.string()).max(500)], { error: egressExpected })
  .transform((wish, context): EgressPolicy => {
    const list = typeof wish === "string" ? [wish] : wish;
    const names = list.filter((entry) => !isWord(entry)).map((name) => name.toLowerCase());
    const wrong = list.findIndex(
      (name) => !isWord(name) && (name.length > 253 || !hostName.test(name)),
    );
    if (wrong >= 0) {
      context.addIssue({
        code: "custom",
        message: egressExpected,
        params: { got: list[wrong], known: words },
        path: typeof wish === "string" ? [] : [wrong],
      });
      return z.NEVER;
    }
    if (list.includes("none") && list.length > 1) {
      context.addIssue({ code: "custom", message: "`none` alone, or names without it" });
      return z.NEVER;
    }
    if (list.includes("open")) return { kind: "open" };
    if (list.includes("packages")) return { kind: "packages", alsoNames: names };
    return names.length === 0 ? { kind: "none" } : { kind: "names", names };
  });

function isWord(text: string): boolean {
  return words.some((word) => word === text);
}

/** What both allow, and the names that the bound takes from the wish. */
export interface BoundedEgress {
  readonly egress: EgressPolicy;
  readonly refused: readonly string[];
}

/** Pure: never more than `bound`, whatever is wished. */
export function decideEgress(wish: EgressPolicy, bound: EgressPolicy): BoundedEgress {
  if (bound.kind === "open") return { egress: wish, refused: [] };
  if (wish.kind === "none") return { egress: wish, refused: [] };
  if (wish.kind === "open") return { egress: bound, refused: ["open"] };
  const allowed = namesOf(bound);
  const names = namesOf(wish).filter((name) => allowed.some((by) => covers(by, name)));
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

function namesOf(policy: EgressPolicy): readonly string[] {
  if (policy.kind === "packages") return policy.alsoNames;
  return policy.kind === "names" ? policy.names : [];
}

/** `*.a.b` covers `x.a.b` and `*.x.a.b`, not `a.b` itself. */
function covers(allowed: string, name: string): boolean {
  if (allowed === name) return true;
  return allowed.startsWith("*.") && name.replace(/^\*\./, "").endsWith(allowed.slice(1));
}

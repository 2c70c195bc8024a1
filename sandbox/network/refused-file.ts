import type { EgressRule } from "../spec.ts";
import type { EgressState } from "./egress-state.ts";

/** Where a sandbox finds what was refused; also in the environment of its programs. */
export const refusedPath = "/run/colony/refused";
export const refusedVariable = "COLONY_NETWORK_REFUSED";

/** How somebody inside gets a host allowed. */
export const howToAsk =
  "The people in this task's thread have been told and can allow it there; try again once they did.";

/** The file's text, newest refusal last. Pure. */
export function renderRefused(state: EgressState, rules: readonly EgressRule[]): string {
  const head = [
    "# Hosts that the network policy of this Colony sandbox refused. One line each:",
    "# last time, host, ports, how often, by which command last, and why.",
    `# ${howToAsk}`,
  ];
  const lines = state.refusals.map((one) => {
    const by = one.command === undefined ? "" : `, last by: ${one.command}`;
    const since = rules.find((rule) => rule.host === one.host);
    const decided =
      since === undefined
        ? ""
        : since.verdict === "allow"
          ? ` Meanwhile allowed by ${since.by}: try again.`
          : ` ${since.by} keeps it blocked.`;
    const times = one.count === 1 ? "once" : `${one.count} times`;
    const where = `${one.host} port ${one.ports.join(", ")}`;
    return `${new Date(one.lastMs).toISOString()} ${where}, ${times}${by}. ${one.sentence}.${decided}`;
  });
  const more = state.moreRefusals === 0 ? [] : [`# and ${state.moreRefusals} of further hosts`];
  return `${[...head, ...lines, ...more].join("\n")}\n`;
}

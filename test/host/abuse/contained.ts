import { readFileSync } from "node:fs";

/** A probe that succeeds in a live sandbox, and why that harms nobody. */
export interface Contained {
  readonly name: string;
  readonly why: string;
  /** Where it is refused, it is not in the list. */
  readonly onlyIf?: () => boolean;
}

/** All of them: one more, or one less, turns the suite red. */
export const contained: readonly Contained[] = [
  {
    name: "host files: /proc/self/mountinfo",
    why: "The kernel tells the names of the folders that layers come from; a name opens nothing.",
  },
  {
    name: "processes: ptrace of PID 1",
    why: "PID 1 is the sandbox's own `sleep`, with the same rights; debuggers need ptrace.",
  },
  {
    name: "kernel files: the memory of PID 1",
    why: "The same process by another path; it holds nothing, and its end is the sandbox's end.",
  },
  {
    name: "processes: a lower score for the out-of-memory killer",
    why: "Only where the host's own root lacks CAP_SYS_RESOURCE; a spared process holds no more than its memory limit allows.",
    // Elsewhere the score that we set may not be lowered; without this right ours cannot say so.
    onlyIf: () => !hasCapability(24),
  },
];

function hasCapability(number: number): boolean {
  const status = readFileSync("/proc/self/status", "utf8");
  const mask = /^CapEff:\s+(\w+)$/m.exec(status)?.[1] ?? "0";
  return ((BigInt(`0x${mask}`) >> BigInt(number)) & 1n) === 1n;
}

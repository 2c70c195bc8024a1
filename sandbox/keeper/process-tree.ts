import { readdirSync, readFileSync } from "node:fs";

/** The part of `/proc/PID/stat` that tells who belongs together. */
export interface ProcessFacts {
  readonly pid: number;
  readonly parent: number;
  readonly session: number;
  readonly startTime: number;
}

/** Parses `/proc/PID/stat`; the name in brackets may hold anything, brackets too. */
export function parseStat(text: string): ProcessFacts | undefined {
  const open = text.indexOf("(");
  const close = text.lastIndexOf(")");
  if (open === -1 || close === -1) return undefined;
  const fields = text.slice(close + 2).split(" ");
  return {
    pid: Number(text.slice(0, open)),
    parent: Number(fields[1]),
    session: Number(fields[3]),
    startTime: Number(fields[19]),
  };
}

/** Facts of one process, or undefined when it is gone. */
export function readProcess(pid: number): ProcessFacts | undefined {
  try {
    return parseStat(readFileSync(`/proc/${pid}/stat`, "utf8"));
  } catch {
    return undefined;
  }
}

/** The leader, its descendants, and all of the sessions that one of them leads. */
export function decideTree(leader: number, all: readonly ProcessFacts[]): number[] {
  const members = new Set([leader]);
  for (let grown = true; grown; ) {
    grown = false;
    for (const one of all) {
      if (members.has(one.pid)) continue;
      // A session led from outside (ours!) is no reason: its members are strangers.
      if (!members.has(one.parent) && !members.has(one.session)) continue;
      members.add(one.pid);
      grown = true;
    }
  }
  return [...members];
}

/** Kills a program with all that it started, until nothing of it is left. */
export function killTree(leader: number): void {
  for (let round = 0; round < 20; round++) {
    const all = readdirSync("/proc")
      .filter((name) => /^\d+$/.test(name))
      .map((name) => readProcess(Number(name)))
      .filter((one) => one !== undefined);
    const tree = decideTree(leader, all).filter((pid) => all.some((one) => one.pid === pid));
    let signalled = 0;
    for (const pid of tree) {
      try {
        process.kill(pid, "SIGKILL");
        signalled++;
      } catch {
        // Already gone.
      }
    }
    if (signalled <= 1) return;
  }
}

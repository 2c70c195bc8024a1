import { readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";

/**
 * Host pid of a program that the runtime was told to start. It writes the file after the program
 * has begun, so output may come, and a signal be wanted, before it.
 */
export async function waitForPid(path: string, isOver: () => boolean): Promise<number | undefined> {
  for (let attempt = 0; attempt < 500; attempt++) {
    const pid = readPid(path);
    if (pid !== undefined || isOver()) return pid;
    await sleep(10);
  }
  return undefined;
}

function readPid(path: string): number | undefined {
  try {
    const pid = Number(readFileSync(path, "utf8"));
    return pid > 0 ? pid : undefined;
  } catch {
    return undefined;
  }
}

/** Sends to the program's group, as a terminal would, or to itself where it has none. */
export function signalGroup(leader: number, signal: NodeJS.Signals): void {
  for (const pid of [-leader, leader]) {
    try {
      process.kill(pid, signal);
      return;
    } catch {
      // No group of its own, or gone.
    }
  }
}

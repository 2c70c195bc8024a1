import { readFile } from "node:fs/promises";

const listenState = "0A";
const pollMs = 250;

/** Listening ports of a `/proc/PID/net/tcp` or `tcp6` table, without those of one uid. Pure. */
export function parseListening(table: string, exceptUid: number): number[] {
  return table
    .split("\n")
    .slice(1)
    .flatMap((line) => {
      const [, local = "", , state, , , , uid] = line.trim().split(/\s+/);
      if (state !== listenState || Number(uid) === exceptUid) return [];
      return [Number.parseInt(local.slice(local.lastIndexOf(":") + 1), 16)];
    });
}

/** Ports on which something listens in the network of a process, but for our own relay. */
export async function readListeningPorts(
  initPid: number,
  relayUid: number,
): Promise<readonly number[]> {
  const tables = await Promise.all(
    ["tcp", "tcp6"].map((name) => readFile(`/proc/${initPid}/net/${name}`, "utf8").catch(() => "")),
  );
  const ports = tables.flatMap((table) => parseListening(table, relayUid));
  return [...new Set(ports)].sort((left, right) => left - right);
}

/** Calls back with each change of the set, beginning with the first that is not empty. */
export function watchListeningPorts(
  read: () => Promise<readonly number[]>,
  onChange: (ports: readonly number[]) => void,
): () => void {
  let last = "";
  let stopped = false;
  async function look(): Promise<void> {
    const ports = await read();
    const now = ports.join(",");
    if (stopped || now === last) return;
    last = now;
    onChange(ports);
  }
  const timer = setInterval(() => void look().catch(() => {}), pollMs);
  timer.unref();
  void look().catch(() => {});
  return () => {
    stopped = true;
    clearInterval(timer);
  };
}

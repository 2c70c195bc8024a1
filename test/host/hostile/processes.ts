import { readdirSync, readFileSync, readlinkSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";

/** A process as the kernel knows it. */
export interface SeenProcess {
  readonly pid: number;
  readonly parent: number;
  readonly startTime: string;
  readonly line: string;
  readonly home: string;
  readonly uid: number;
  /** Masks of the capabilities that it has, and that it could ever get. */
  readonly effective: bigint;
  readonly bounding: bigint;
  readonly noNewPrivileges: boolean;
  readonly seccomp: boolean;
  /** Its capabilities are of a user namespace of its own. */
  readonly isInOwnNamespace: boolean;
}

/** Everything of an installation that stays for a while, with all that it started. */
export async function lastingProcesses(home: string): Promise<readonly SeenProcess[]> {
  const first = new Set(ofInstallation(home).map(({ pid, startTime }) => `${pid} ${startTime}`));
  await sleep(1_500);
  return ofInstallation(home).filter(({ pid, startTime }) => first.has(`${pid} ${startTime}`));
}

function ofInstallation(home: string): SeenProcess[] {
  const all = readdirSync("/proc").flatMap((name) => (/^\d+$/.test(name) ? read(name) : []));
  const found = new Set(all.filter((one) => one.line.includes(home) || one.home === home));
  for (let size = -1; size !== found.size; ) {
    size = found.size;
    const pids = new Set([...found].map(({ pid }) => pid));
    for (const one of all) if (pids.has(one.parent)) found.add(one);
  }
  return [...found].filter(({ pid }) => pid !== process.pid);
}

function read(name: string): SeenProcess[] {
  try {
    const status = readFileSync(`/proc/${name}/status`, "utf8");
    const field = (key: string) => new RegExp(`^${key}:\\s+(\\S+)`, "m").exec(status)?.[1] ?? "";
    if (field("State") === "Z") return [];
    const stat = readFileSync(`/proc/${name}/stat`, "utf8");
    const environment = readFileSync(`/proc/${name}/environ`, "utf8").split("\0");
    return [
      {
        pid: Number(name),
        parent: Number(field("PPid")),
        startTime: stat.slice(stat.lastIndexOf(")")).split(" ")[20] ?? "",
        line: readFileSync(`/proc/${name}/cmdline`, "utf8").replaceAll("\0", " ").trim(),
        home: environment.find((one) => one.startsWith("COLONY_HOME="))?.slice(12) ?? "",
        uid: Number(field("Uid")),
        effective: BigInt(`0x${field("CapEff")}`),
        bounding: BigInt(`0x${field("CapBnd")}`),
        noNewPrivileges: field("NoNewPrivs") === "1",
        seccomp: field("Seccomp") === "2",
        isInOwnNamespace:
          readlinkSync(`/proc/${name}/ns/user`) !== readlinkSync("/proc/self/ns/user"),
      },
    ];
  } catch {
    return [];
  }
}

/** What root may do at all on this host. */
export function ownBoundingSet(): bigint {
  const status = readFileSync("/proc/self/status", "utf8");
  return BigInt(`0x${/^CapBnd:\s+(\S+)/m.exec(status)?.[1] ?? "0"}`);
}

import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";

/** What of this host a sandbox must never change, each part as text that can be compared. */
export interface HostState {
  readonly packages: string;
  readonly usr: string;
  readonly etc: string;
  readonly var: string;
  readonly globalNpm: string;
  /** Who listens where, of the ports asked for. */
  readonly ports: string;
}

/** Reads it; `ports` are those that programs inside listen on. */
export function readHostState(ports: readonly number[]): HostState {
  const text = (path: string) => readFileSync(path, "utf8");
  return {
    packages: createHash("sha256").update(text("/var/lib/dpkg/status")).digest("hex"),
    usr: list("/usr"),
    etc: list("/etc"),
    var: list("/var/lib/dpkg", "/var/lib/apt/lists", "/var/lib/postgresql", "/var/lib/redis"),
    globalNpm: list("/usr/lib/node_modules", "/usr/local/lib/node_modules"),
    ports: readListening(ports),
  };
}

/** Mounts of this host's own namespace; another installation's test may have some of its own. */
export function readMounts(home: string): readonly string[] {
  const lines = readFileSync("/proc/self/mounts", "utf8").split("\n");
  return lines.filter((line) => line.includes(home) || !line.includes("/var/lib/colony-"));
}

/** The sockets of this host's own network that listen on these ports. */
export function readListening(ports: readonly number[]): string {
  const lines = ["tcp", "tcp6"].flatMap((name) =>
    readFileSync(`/proc/self/net/${name}`, "utf8").split("\n").slice(1),
  );
  return lines
    .map((line) => line.trim().split(/\s+/))
    .filter((fields) => fields[3] === "0A")
    .map(([, address = ""]) => Number.parseInt(address.split(":")[1] ?? "", 16))
    .filter((port) => ports.includes(port))
    .sort((a, b) => a - b)
    .join(" ");
}

/** Processes of these uid ranges, as this host sees them. */
export function processesOfRanges(bases: readonly number[]): readonly string[] {
  return readdirSync("/proc").flatMap((pid) => {
    if (!/^\d+$/.test(pid)) return [];
    try {
      const status = readFileSync(`/proc/${pid}/status`, "utf8");
      const uid = Number(/^Uid:\s+(\d+)/m.exec(status)?.[1]);
      const isInside = bases.some((base) => uid >= base && uid < base + 65_536);
      return isInside ? [status.split("\n")[0] ?? ""] : [];
    } catch {
      return [];
    }
  });
}

/** Every name below with size, time, mode and owner; not the link count: an image links files. */
function list(...folders: readonly string[]): string {
  const format = "%p %y %s %T@ %m %u %l\\n";
  const { stdout } = { stdout: find(folders, format) };
  return createHash("sha256").update(stdout.split("\n").sort().join("\n")).digest("hex");
}

function find(folders: readonly string[], format: string): string {
  const argv = [...folders, "-xdev", "-printf", format];
  try {
    const options = { encoding: "utf8", maxBuffer: 2 ** 30, stdio: "pipe" } as const;
    return execFileSync("find", argv, options);
  } catch (error) {
    // One of them is not there, which is a state too.
    if (error instanceof Error && "stdout" in error) return String(error.stdout);
    throw error;
  }
}

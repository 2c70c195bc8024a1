import { readdirSync, readFileSync, readlinkSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";
import { renderCommand } from "./command-words.ts";

/**
 * Looks in a second, and how many may be saved up. A refusal is told to people by its command, and
 * whoever is refused waits for it; a connection that is let out lasts, and must not be slowed.
 */
const lanes = {
  refused: { perSecond: 10, saved: 10, delayMs: 0 },
  allowed: { perSecond: 4, saved: 2, delayMs: 15 },
} as const;
const maxWaiting = 256;
/** Open files that one look goes through: a sandbox may have millions, and this is its keeper. */
const maxLinks = 4_096;
const maxKnown = 1_024;

/** The two ends of a connection inside, as the relay saw them: `198.18.0.1:40312`. */
export interface Ends {
  readonly client: string;
  readonly local: string;
}

/** Finds out which command inside holds a connection. */
export interface CommandsInside {
  /** Undefined: it ended before it was looked at, or too many asked. */
  find(ends: Ends, decision: "refused" | "allowed"): Promise<string | undefined>;
  /** What `find` answered for this client, while it is remembered. */
  known(client: string): string | undefined;
}

/**
 * The kernel's table of the namespace says the inode of a client's socket, the processes' open files
 * say whose it is. Reading the table takes the kernel about 5 ms, whatever it holds: it is done in a
 * thread, once for all who wait, and in a storm no more often than `lanes` says.
 */
export function openCommandsInside(
  initPid: number,
  processes: () => readonly number[],
): CommandsInside {
  const known = new Map<string, string>();
  async function lookFor(keys: ReadonlySet<string>): Promise<ReadonlyMap<string, string>> {
    const table = await readFile(`/proc/${initPid}/net/tcp`, "latin1").catch(() => "");
    const found = commandsOf(parseInodes(table, keys), processes());
    for (const [key, command] of found) remember(key.slice(0, key.indexOf(" ")), command);
    return found;
  }
  function remember(client: string, command: string): void {
    known.delete(client);
    known.set(client, command);
    const [oldest] = known.keys();
    if (known.size > maxKnown && oldest !== undefined) known.delete(oldest);
  }
  const find = {
    refused: openLane(lanes.refused, lookFor),
    allowed: openLane(lanes.allowed, lookFor),
  };
  return {
    find: ({ client, local }, decision) => find[decision](`${client} ${local}`),
    known: (client) => known.get(client),
  };
}

/** Gathers who waits, and has them looked for together. */
function openLane(
  limits: { readonly perSecond: number; readonly saved: number; readonly delayMs: number },
  lookFor: (keys: ReadonlySet<string>) => Promise<ReadonlyMap<string, string>>,
): (key: string) => Promise<string | undefined> {
  const waiting = new Map<string, PromiseWithResolvers<string | undefined>>();
  let isLooking = false;
  let saved: number = limits.saved;
  let savedAtMs = Date.now();

  async function mayLook(): Promise<void> {
    const nowMs = Date.now();
    saved = Math.min(limits.saved, saved + ((nowMs - savedAtMs) / 1_000) * limits.perSecond) - 1;
    savedAtMs = nowMs;
    const waitMs = Math.max(limits.delayMs, (-saved * 1_000) / limits.perSecond);
    if (waitMs > 0) await sleep(waitMs, undefined, { ref: false });
  }
  async function look(): Promise<void> {
    isLooking = true;
    while (waiting.size > 0) {
      await mayLook();
      const batch = new Map(waiting);
      waiting.clear();
      const none = new Map<string, string>();
      const found = await lookFor(new Set(batch.keys())).catch(() => none);
      for (const [key, asked] of batch) asked.resolve(found.get(key));
    }
    isLooking = false;
  }
  return (key) => {
    const before = waiting.get(key);
    if (before !== undefined) return before.promise;
    if (waiting.size >= maxWaiting) return Promise.resolve(undefined);
    const asked = Promise.withResolvers<string | undefined>();
    waiting.set(key, asked);
    if (!isLooking) void look();
    return asked.promise;
  };
}

/** `client local` → inode, of those that are wanted. Pure. */
export function parseInodes(
  table: string,
  wanted: ReadonlySet<string>,
): ReadonlyMap<string, string> {
  const found = new Map<string, string>();
  for (const line of table.split("\n").slice(1)) {
    const [, local = "", remote = "", , , , , , , inode = "0"] = line.trim().split(/\s+/);
    const key = `${readable(local)} ${readable(remote)}`;
    if (inode !== "0" && wanted.has(key)) found.set(key, inode);
  }
  return found;
}

/** `0100007F:0035` → `127.0.0.1:53`. */
function readable(hex: string): string {
  const [address = "", port = ""] = hex.split(":");
  const bytes = (address.match(/../g) ?? []).map((byte) => Number.parseInt(byte, 16)).reverse();
  return `${bytes.join(".")}:${Number.parseInt(port, 16)}`;
}

/** Youngest first: who asks is most often a command that was just started. */
function commandsOf(
  inodes: ReadonlyMap<string, string>,
  pids: readonly number[],
): ReadonlyMap<string, string> {
  const keyOf = new Map([...inodes].map(([key, inode]) => [`socket:[${inode}]`, key]));
  const found = new Map<string, string>();
  let left = maxLinks;
  for (const pid of [...pids].sort((one, other) => other - one)) {
    if (keyOf.size === 0 || left <= 0) break;
    const links = linksOf(pid, left);
    left -= links.length + 1;
    for (const link of links) {
      const key = keyOf.get(link);
      const command = key === undefined ? undefined : commandOf(pid);
      if (key === undefined || command === undefined) continue;
      found.set(key, command);
      keyOf.delete(link);
    }
  }
  return found;
}

function linksOf(pid: number, most: number): string[] {
  try {
    const folder = `/proc/${pid}/fd`;
    const open = readdirSync(folder);
    return open.slice(-most).map((fd) => {
      try {
        return readlinkSync(`${folder}/${fd}`);
      } catch {
        return "";
      }
    });
  } catch {
    return [];
  }
}

function commandOf(pid: number): string | undefined {
  try {
    const argv = readFileSync(`/proc/${pid}/cmdline`, "utf8").slice(0, 16_384).split("\0");
    if (argv.at(-1) === "") argv.pop();
    const line = renderCommand(argv);
    return line === "" ? readFileSync(`/proc/${pid}/comm`, "utf8").trim() : line;
  } catch {
    return undefined;
  }
}

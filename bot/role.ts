import { readFileSync } from "node:fs";
import { hostname } from "node:os";
import { setTimeout as sleep } from "node:timers/promises";
import type { Redis } from "ioredis";
import type { Logger } from "pino";
import { keys } from "../worker/protocol/keys.ts";

const leaseMs = 10_000;
const renewMs = 2_500;
const retryMs = 1_000;

/** Takes the lease when it is free, or held by `ARGV[3]`, a process that is known to be dead. */
const takeScript = `
local holder = redis.call('GET', KEYS[1])
if holder and holder ~= ARGV[1] and holder ~= ARGV[3] then return 0 end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
return 1
`;
const giveUpScript = `
if redis.call('GET', KEYS[1]) == ARGV[1] then redis.call('DEL', KEYS[1]) end
return 1
`;

/**
 * Does the work of a role in whichever bot process holds its lease. `work` must end soon after its
 * signal aborts; when it throws, it is begun anew.
 */
export function holdRole(
  redis: Redis,
  role: string,
  work: (signal: AbortSignal) => Promise<void>,
  log: Logger,
): AsyncDisposable {
  const ending = new AbortController();
  const me = `${hostname()}/${process.pid}/${startOf(process.pid) ?? "0"}`;
  const key = keys.leader(role);
  const loop = async () => {
    while (!ending.signal.aborted) {
      if (!(await take(redis, key, me))) {
        await sleep(retryMs, undefined, { signal: ending.signal }).catch(() => {});
        continue;
      }
      const holding = new AbortController();
      const signal = AbortSignal.any([ending.signal, holding.signal]);
      const renewing = renew(redis, key, me, signal).then(() => holding.abort());
      await work(signal).catch((error: unknown) => {
        if (!signal.aborted) log.error({ err: error, role }, "role begins anew");
      });
      if (!signal.aborted) await sleep(retryMs);
      holding.abort();
      await renewing;
    }
  };
  const done = loop();
  return {
    async [Symbol.asyncDispose]() {
      ending.abort();
      await done;
      if (redis.status === "ready") await redis.eval(giveUpScript, 1, key, me).catch(() => {});
    },
  };
}

/** Renews until it cannot any more. */
async function renew(redis: Redis, key: string, me: string, signal: AbortSignal): Promise<void> {
  let goodUntilMs = Date.now() + leaseMs;
  while (!signal.aborted && Date.now() < goodUntilMs) {
    await sleep(renewMs, undefined, { signal }).catch(() => {});
    if (signal.aborted) return;
    const askedMs = Date.now();
    const patience = sleep(renewMs, "late" as const);
    const answer = await Promise.race([take(redis, key, me), patience]).catch(() => "late");
    if (answer === false) return;
    if (answer === true) goodUntilMs = askedMs + leaseMs;
  }
}

async function take(redis: Redis, key: string, me: string): Promise<boolean> {
  try {
    const holder = await redis.get(key);
    const dead = holder !== null && isDead(holder) ? holder : "";
    return (await redis.eval(takeScript, 1, key, me, String(leaseMs), dead)) === 1;
  } catch {
    return false;
  }
}

/** A holder on this host whose process is gone need not be waited for. */
function isDead(holder: string): boolean {
  const [host, pid, start] = holder.split("/");
  return host === hostname() && startOf(Number(pid)) !== start;
}

/** When a process started, in clock ticks: with it a reused pid is told from the old one. */
function startOf(pid: number): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    return stat.slice(stat.lastIndexOf(")") + 2).split(" ")[19];
  } catch {
    return undefined;
  }
}

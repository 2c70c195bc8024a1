import { join } from "node:path";
import { releaseJobs } from "../jobs/release.ts";
import type { RunContext } from "../runs/run-context.ts";
import { keepChild } from "./child.ts";
import type { RedisServers } from "./redis-servers.ts";

/**
 * Keeps the drivers of this host alive. The supervisor sees a driver's death at once, gives back
 * the jobs that it held, and starts another, which adopts the tasks.
 */
export async function openDrivers(
  context: RunContext,
  environment: Readonly<Record<string, string | undefined>>,
  redis: RedisServers,
): Promise<AsyncDisposable & { pids(): readonly number[] }> {
  const { config, log } = context;
  const env = driverEnvironment(environment, redis);
  const entry = join(config.codeRoot, "worker", "driver-main.ts");
  const drivers = await Promise.all(
    Array.from({ length: config.drivers }, (_, index) =>
      keepChild({
        name: `driver-${index + 1}`,
        argv: [config.nodePath, entry],
        env,
        stdio: ["ignore", "inherit", "inherit"],
        detached: true,
        log,
        onDeath: async (pid) => {
          const released = await releaseJobs(context, config.host, pid);
          if (released > 0) log.info({ pid, released }, "jobs of a dead driver given back");
        },
      }),
    ),
  );
  return {
    pids: () => drivers.map((driver) => driver.pid()).filter((pid) => pid !== undefined),
    async [Symbol.asyncDispose]() {
      await Promise.all(drivers.map((driver) => driver[Symbol.asyncDispose]()));
    },
  };
}

/** Drivers learn which agents have a key, never the key: that is the gateway's. */
function driverEnvironment(
  environment: Readonly<Record<string, string | undefined>>,
  redis: RedisServers,
): Record<string, string> {
  const kept = Object.entries(environment)
    .filter((entry): entry is [string, string] => entry[1] !== undefined)
    .map(([name, value]) => [
      name,
      /_(API_KEY|AUTH_TOKEN)$/.test(name) ? "held by the gateway" : value,
    ]);
  return { ...Object.fromEntries(kept), REDIS_URL: redis.control, COLONY_BYTES_REDIS: redis.bytes };
}

import { releaseJobs } from "../jobs/release.ts";
import { keys } from "../protocol/keys.ts";
import type { RunContext } from "../runs/run-context.ts";

/**
 * Drivers of an earlier supervisor, found by the jobs that they wrote down: they end with the
 * supervisor that made them, so whatever is still alive is ended, and its jobs are given back.
 */
export async function endStaleDrivers(context: RunContext): Promise<void> {
  const { redis, config, log } = context;
  const prefix = keys.driver(0, config.host).slice(0, -1);
  for await (const found of redis.scanStream({ match: `${prefix}*`, count: 200 })) {
    for (const key of found as string[]) {
      const pid = Number(key.slice(prefix.length));
      const released = await releaseJobs(context, config.host, pid);
      log.info({ pid, released }, "jobs of an earlier driver given back");
    }
  }
}

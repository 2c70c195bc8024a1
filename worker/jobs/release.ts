import { Job } from "bullmq";
import { keys } from "../protocol/keys.ts";
import type { RunContext } from "../runs/run-context.ts";

/**
 * Gives back the jobs of a driver that is known to be dead, by the lock tokens that it wrote down:
 * 30 ms, where waiting for the locks to expire takes a minute.
 */
export async function releaseJobs(
  context: Pick<RunContext, "redis" | "queues" | "log">,
  host: string,
  pid: number,
): Promise<number> {
  const key = keys.driver(pid, host);
  const held = await context.redis.hgetall(key);
  for (const [field, token] of Object.entries(held)) {
    const slash = field.indexOf("/");
    const queue = context.queues.get(field.slice(0, slash));
    const job = await Job.fromId(queue, field.slice(slash + 1));
    try {
      await job?.moveToWait(token);
    } catch (error) {
      // It ended or stalled out meanwhile: the reconciler looks after the task itself.
      context.log.info({ field, err: error }, "job was not held any more");
    }
    await context.redis.hdel(key, field);
  }
  return Object.keys(held).length;
}

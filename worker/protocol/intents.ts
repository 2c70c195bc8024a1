import { Queue } from "bullmq";
import type { Redis } from "ioredis";
import { type Job, type JobKind, queueName } from "./jobs.ts";
import { keys } from "./keys.ts";

/** BullMQ queues, opened as they are needed. */
export interface Queues extends AsyncDisposable {
  get(name: string): Queue;
}

export function openQueues(redis: Redis): Queues {
  const open = new Map<string, Queue>();
  return {
    get(name) {
      const known = open.get(name);
      if (known !== undefined) return known;
      const queue = new Queue(name, {
        connection: redis,
        defaultJobOptions: { removeOnComplete: true, removeOnFail: true },
      });
      queue.on("error", () => {});
      open.set(name, queue);
      return queue;
    },
    async [Symbol.asyncDispose]() {
      await Promise.all([...open.values()].map((queue) => queue.close()));
    },
  };
}

/**
 * Hands every written intent to BullMQ. Adding a job id that BullMQ has is a no-op, so this may
 * run anywhere, at any time, twice; the reconciler runs it when a committer died before it could.
 */
export async function enqueueIntents(redis: Redis, queues: Queues): Promise<void> {
  const intents = await redis.hgetall(keys.intents);
  for (const [id, json] of Object.entries(intents)) {
    const { kind, taskId, host } = JSON.parse(json) as {
      kind: JobKind;
      taskId: string;
      host: string | null;
    };
    const data = { version: 1, kind, taskId };
    await queues
      .get(queueName(kind, host ?? undefined))
      .add(kind, data satisfies { [K in keyof Job]: unknown }, { jobId: id });
    await redis.hdel(keys.intents, id);
  }
}

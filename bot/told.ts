import type { Redis } from "ioredis";
import { z } from "zod";
import type { MessageId } from "./chat.ts";

const toldSchema = z.object({
  /** Absent: it was about to be posted, and nobody knows whether it was. */
  message: z.string().optional(),
  /** Of the content last shown. */
  hash: z.string(),
  /** When it was last shown; also the version of an edit. */
  atMs: z.number(),
});
export interface Told {
  readonly message?: MessageId;
  readonly hash: string;
  readonly atMs: number;
}

/** What was said in a task's thread, by the keys of the posts: the poster's memory over kills. */
export class ToldLog {
  readonly #redis: Redis;
  readonly #key: string;
  constructor(redis: Redis, taskId: string) {
    this.#redis = redis;
    this.#key = `colony:told:${taskId}`;
  }

  async read(): Promise<Map<string, Told>> {
    const hash = await this.#redis.hgetall(this.#key);
    return new Map(
      Object.entries(hash).map(([key, json]) => [key, toldSchema.parse(JSON.parse(json)) as Told]),
    );
  }

  async save(key: string, told: Told): Promise<void> {
    await this.#redis.hset(this.#key, key, JSON.stringify(told));
  }
}

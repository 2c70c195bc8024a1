import type { Redis } from "ioredis";
import { z } from "zod";
import { keys } from "./keys.ts";

/** What a worker's host shows of itself while it is there. */
export const hostSignSchema = z.object({
  host: z.string(),
  runsAtOnce: z.number().int(),
  /** Sandboxes that wait for the next task, and the memory that they cost. */
  spares: z.number().int(),
  spareBytes: z.number(),
});
export type HostSign = z.infer<typeof hostSignSchema>;

/** Every host that was there in the last moments. */
export async function readHosts(redis: Redis): Promise<HostSign[]> {
  const found: string[] = [];
  let cursor = "0";
  do {
    const [next, some] = await redis.scan(cursor, "MATCH", keys.host("*"), "COUNT", 1_000);
    found.push(...some);
    cursor = next;
  } while (cursor !== "0");
  if (found.length === 0) return [];
  const signs = await redis.mget([...new Set(found)].sort());
  return signs.flatMap((json) => (json === null ? [] : [hostSignSchema.parse(JSON.parse(json))]));
}

import type { Redis } from "ioredis";
import { keys } from "../../worker/protocol/keys.ts";
import { localKeys } from "./keys.ts";

export interface ShownChannel {
  readonly name: string;
  /** Name of the repository that it is bound to. */
  readonly repository?: string;
  /** Number of its newest message. */
  readonly newest: number;
}

/** Channels that somebody opened, and those that a binding names. */
export async function listChannels(redis: Redis): Promise<readonly ShownChannel[]> {
  const [opened, bindings, newest] = await Promise.all([
    redis.hkeys(localKeys.channels),
    redis.hgetall(keys.bindings),
    redis.hgetall(localKeys.newest),
  ]);
  const bound = Object.keys(bindings)
    .filter((channel) => channel.startsWith("local:"))
    .map((channel) => channel.slice("local:".length));
  const names = new Set(["general", ...[...opened, ...bound].sort()]);
  return [...names].map((name) => {
    const repository = bindings[`local:${name}`];
    return {
      name,
      newest: Number(newest[name] ?? 0),
      ...(repository === undefined ? {} : { repository }),
    };
  });
}

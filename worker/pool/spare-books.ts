import type { Redis } from "ioredis";
import { keys } from "../protocol/keys.ts";
import type { PoolUse, Spare } from "./spare.ts";

/*
 * What the host's pool has, in Redis: a supervisor that dies leaves sandboxes behind, and the next
 * one must know them. Only our own processes write these, so what is read is what was written.
 */

/** Every spare of a host that no task has yet, ready or not. */
export async function readSpares(redis: Redis, host: string): Promise<Map<string, Spare>> {
  const found = await redis.hgetall(keys.spares(host));
  return new Map(Object.entries(found).map(([id, json]) => [id, JSON.parse(json) as Spare]));
}

export async function readSpare(
  redis: Redis,
  host: string,
  id: string,
): Promise<Spare | undefined> {
  const json = await redis.hget(keys.spares(host), id);
  return json === null ? undefined : (JSON.parse(json) as Spare);
}

export async function noteSpare(
  redis: Redis,
  host: string,
  id: string,
  spare: Spare,
): Promise<void> {
  await redis.hset(keys.spares(host), id, JSON.stringify(spare));
}

export async function forgetSpare(redis: Redis, host: string, id: string): Promise<void> {
  await redis.hdel(keys.spares(host), id);
}

/** Use of every repository on a host, by its address. */
export async function readUses(redis: Redis, host: string): Promise<Map<string, PoolUse>> {
  const found = await redis.hgetall(keys.poolUses(host));
  return new Map(Object.entries(found).map(([url, json]) => [url, JSON.parse(json) as PoolUse]));
}

export async function readUse(
  redis: Redis,
  host: string,
  url: string,
): Promise<PoolUse | undefined> {
  const json = await redis.hget(keys.poolUses(host), url);
  return json === null ? undefined : (JSON.parse(json) as PoolUse);
}

export async function noteUse(
  redis: Redis,
  host: string,
  url: string,
  use: PoolUse,
): Promise<void> {
  await redis.hset(keys.poolUses(host), url, JSON.stringify(use));
}

export async function forgetUse(redis: Redis, host: string, url: string): Promise<void> {
  await redis.hdel(keys.poolUses(host), url);
}

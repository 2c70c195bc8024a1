import { createHash, randomBytes } from "node:crypto";
import type { Redis } from "ioredis";
import { type Person, personSchema } from "../../worker/protocol/task.ts";
import { localKeys } from "./keys.ts";

export const sessionLifeSeconds = 30 * 24 * 3600;

/** Who is signed in, by the hash of the cookie's value. */
export async function startSession(redis: Redis, person: Person): Promise<string> {
  const token = randomBytes(32).toString("base64url");
  await redis.set(sessionKey(token), JSON.stringify(person), "EX", sessionLifeSeconds);
  return token;
}

export async function readSession(
  redis: Redis,
  token: string | undefined,
): Promise<Person | undefined> {
  if (token === undefined || token.length > 100) return undefined;
  const json = await redis.get(sessionKey(token));
  return json === null ? undefined : personSchema.parse(JSON.parse(json));
}

export async function endSession(redis: Redis, token: string): Promise<void> {
  await redis.del(sessionKey(token));
}

function sessionKey(token: string): string {
  return localKeys.session(createHash("sha256").update(token).digest("hex"));
}

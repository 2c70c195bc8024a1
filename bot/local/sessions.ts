import { createHash, randomBytes } from "node:crypto";
import type { Redis } from "ioredis";
import { z } from "zod";
import { roleSchema } from "../../worker/protocol/sign-in.ts";
import { personSchema } from "../../worker/protocol/task.ts";
import { localKeys } from "./keys.ts";

export const sessionLifeSeconds = 30 * 24 * 3600;

/** Who is signed in, and as what; the browser holds only the key to it. */
const sessionSchema = z.object({ person: personSchema, role: roleSchema });
export type Session = z.infer<typeof sessionSchema>;

/** Kept by the hash of the cookie's value. */
export async function startSession(redis: Redis, session: Session): Promise<string> {
  const token = randomBytes(32).toString("base64url");
  const json = JSON.stringify(sessionSchema.parse(session));
  await redis.set(sessionKey(token), json, "EX", sessionLifeSeconds);
  return token;
}

export async function readSession(
  redis: Redis,
  token: string | undefined,
): Promise<Session | undefined> {
  if (token === undefined || token.length > 100) return undefined;
  const json = await redis.get(sessionKey(token));
  // One without a role is of an older Colony, and nobody knows what it may do.
  return json === null ? undefined : sessionSchema.safeParse(JSON.parse(json)).data;
}

export async function endSession(redis: Redis, token: string): Promise<void> {
  await redis.del(sessionKey(token));
}

function sessionKey(token: string): string {
  return localKeys.session(createHash("sha256").update(token).digest("hex"));
}

import { createHash, randomBytes } from "node:crypto";
import type { Redis } from "ioredis";
import { type Person, personSchema } from "./task.ts";

const signInLifeSeconds = 15 * 60;

/**
 * Mints the token of a one-time sign-in link for `person`, good for 15 minutes. Only its hash is
 * stored, so reading Redis gives no way in. The link is `http://127.0.0.1:PORT/sign-in?token=…`.
 */
export async function mintSignIn(redis: Redis, person: Person): Promise<string> {
  const token = randomBytes(24).toString("base64url");
  const json = JSON.stringify(personSchema.parse(person));
  await redis.set(signInKey(token), json, "EX", signInLifeSeconds);
  return token;
}

/** Who the link is for; undefined when it was used, is too old or never was. */
export async function readSignIn(redis: Redis, token: string): Promise<Person | undefined> {
  const json = await redis.get(signInKey(token));
  return json === null ? undefined : personSchema.parse(JSON.parse(json));
}

/** Uses the link up. */
export async function consumeSignIn(redis: Redis, token: string): Promise<Person | undefined> {
  const json = await redis.getdel(signInKey(token));
  return json === null ? undefined : personSchema.parse(JSON.parse(json));
}

function signInKey(token: string): string {
  return `colony:sign-in:${createHash("sha256").update(token).digest("hex")}`;
}

import { createHash, randomBytes } from "node:crypto";
import type { Redis } from "ioredis";
import { z } from "zod";
import { type Person, personSchema } from "./task.ts";

const signInLifeSeconds = 15 * 60;
const longestName = 100;

/**
 * Admins may do everything; members run tasks and decide on their own. Chosen by whoever makes the
 * link and kept on the server: nothing that a browser sends changes it.
 */
export const roleSchema = z.enum(["admin", "member"]);
export type Role = z.infer<typeof roleSchema>;

/** Who a one-time link lets in. */
export const invitationSchema = z.object({
  /** Without a name the person is asked for one. */
  person: personSchema.extend({ name: personSchema.shape.name.optional() }),
  role: roleSchema,
  /** Channel that the page opens with. */
  channel: z.string().max(40).optional(),
});
export type Invitation = z.infer<typeof invitationSchema>;

/**
 * Mints the token of a one-time sign-in link, good for 15 minutes. Only its hash is stored, so
 * reading Redis gives no way in. The link is `http://127.0.0.1:PORT/sign-in?token=…`.
 */
export async function mintSignIn(redis: Redis, invitation: Invitation): Promise<string> {
  const token = randomBytes(24).toString("base64url");
  const json = JSON.stringify(invitationSchema.parse(invitation));
  await redis.set(signInKey(token), json, "EX", signInLifeSeconds);
  return token;
}

/** Who the link is for; undefined when it was used, is too old or never was. */
export async function readSignIn(redis: Redis, token: string): Promise<Invitation | undefined> {
  return parseInvitation(await redis.get(signInKey(token)));
}

/** Uses the link up. */
export async function consumeSignIn(redis: Redis, token: string): Promise<Invitation | undefined> {
  return parseInvitation(await redis.getdel(signInKey(token)));
}

/** A name as it was typed, on one line, without signs that nobody sees. */
export function cleanName(text: string): string {
  const line = text.normalize("NFC").replace(/[\p{C}\s]+/gu, " ");
  return line.trim().slice(0, longestName).trim();
}

/** The member of that name: the same name again is the same person. Undefined: it is no name. */
export function memberNamed(text: string): Person | undefined {
  const name = cleanName(text);
  if (name === "") return undefined;
  // No account of the host is called so: whoever is invited as `root` is not root.
  return { id: `local:member/${name.toLowerCase()}`, name };
}

function parseInvitation(json: string | null): Invitation | undefined {
  if (json === null) return undefined;
  const parsed = invitationSchema.safeParse(JSON.parse(json));
  return parsed.success ? parsed.data : undefined;
}

function signInKey(token: string): string {
  return `colony:sign-in:${createHash("sha256").update(token).digest("hex")}`;
}

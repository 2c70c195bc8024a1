import { z } from "zod";
import { roleSchema } from "../../worker/protocol/sign-in.ts";
import { type Person, personSchema } from "../../worker/protocol/task.ts";
import type { ChannelId, MessageId, ThreadId } from "../chat.ts";
import type { Mark, Post } from "../post.ts";

/** What is stored of a message; the page gets it with the fields of `ShownMessage`. */
export interface StoredMessage {
  readonly channel: string;
  /** Id of the top message; empty for a top message itself. */
  readonly root: string;
  /** Absent: Colony wrote it. */
  readonly person?: { readonly id: string; readonly name: string };
  readonly text?: string;
  readonly post?: Post;
  /** Shown to this person only. */
  readonly to?: string;
}

export interface ShownMessage extends StoredMessage {
  readonly id: string;
  readonly number: number;
  readonly atMs: number;
  readonly mark?: Mark;
  readonly replies: number;
  readonly newestReply: number;
  readonly newestReplyAtMs: number;
}

export const channelNameSchema = z
  .string()
  .regex(
    /^[a-z0-9][a-z0-9-]{0,39}$/,
    "A channel's name has small letters, digits and hyphens, at most 40.",
  );

/** A command as the composer completes it. */
export interface CompletedWord {
  readonly word: string;
  readonly usage: string;
  readonly about: string;
  readonly where: "channel" | "thread" | "both";
}

/** What the page may send. */
export const sendSchema = z.object({
  channel: channelNameSchema,
  root: z
    .string()
    .regex(/^(m\d+)?$/)
    .default(""),
  text: z.string().max(400_000),
  origin: z.string().min(8).max(100),
});
export const pressSchema = z.object({
  message: z.string().regex(/^m\d+$/),
  token: z.string().min(1).max(200),
  origin: z.string().min(8).max(100),
});
export const readSchema = z.object({
  place: z.string().regex(/^(c:[a-z0-9-]{1,40}|t:m\d+)$/),
  number: z.number().int().nonnegative(),
});

/** One thing a person did, as the inbox keeps it. */
export const inboxEntrySchema = z.object({
  kind: z.enum(["message", "press"]),
  id: z.string(),
  channel: z.string(),
  root: z.string(),
  message: z.string(),
  text: z.string(),
  token: z.string(),
  person: personSchema,
  /** As the session had it when they did it. */
  role: roleSchema,
});
export type InboxEntry = z.infer<typeof inboxEntrySchema>;

export function channelIdOf(channel: string): ChannelId {
  return `local:${channel}` as ChannelId;
}
export function messageIdOf(channel: string, id: string): MessageId {
  return `local:${channel}:${id}` as MessageId;
}
export function threadIdOf(channel: string, root: string): ThreadId {
  return `local:${channel}:${root}` as ThreadId;
}
/** Takes an id of ours apart again. */
export function placeOf(id: MessageId | ThreadId): { channel: string; message: string } {
  const [, channel = "", message = ""] = id.split(":");
  return { channel, message };
}

/** Messages that this person may see. */
export function visible(
  messages: readonly ShownMessage[],
  person: Person,
): readonly ShownMessage[] {
  return messages.filter((message) => message.to === undefined || message.to === person.id);
}

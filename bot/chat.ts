import type { Person } from "../worker/protocol/task.ts";
import type { Mark, Post } from "./post.ts";

declare const brand: unique symbol;
/** `PLATFORM:…`: made and read by the platform's adapter alone. */
export type ChannelId = string & { readonly [brand]: "channel" };
/** A conversation; what is posted there goes below its first message. */
export type ThreadId = string & { readonly [brand]: "thread" };
/** One message, a person's or ours. */
export type MessageId = string & { readonly [brand]: "message" };

/** One inbound thing a person did. The same `id` may come again and must count once. */
export type Delivery =
  | {
      readonly kind: "message";
      readonly id: string;
      readonly channel: ChannelId;
      /** Absent at the top of a channel. */
      readonly thread?: ThreadId;
      /** Absent when the platform shows nothing of it, as with slash commands. */
      readonly message?: MessageId;
      readonly person: Person;
      readonly isAdmin: boolean;
      readonly text: string;
      /** A slash command or a mention, with that taken off `text`. */
      readonly addressed: boolean;
    }
  | {
      readonly kind: "press";
      readonly id: string;
      readonly channel: ChannelId;
      readonly thread?: ThreadId;
      readonly person: Person;
      readonly isAdmin: boolean;
      readonly token: string;
    };

/** Where an answer goes when it is for one person only. */
export interface Place {
  readonly channel: ChannelId;
  readonly thread?: ThreadId;
}

/**
 * A chat platform. Seven methods carry everything; what only some platforms can do is optional,
 * and is there or not.
 */
export interface Chat {
  /** The word before the `:` of its ids. */
  readonly platform: string;
  /** Hears deliveries, in order, until disposed; one counts as handled when `handle` returns. */
  listen(handle: (delivery: Delivery) => Promise<void>): AsyncDisposable;
  /** The thread that `message` starts. */
  threadOf(message: MessageId): ThreadId;
  /** The top of a channel, as a place to post. */
  topOf(channel: ChannelId): ThreadId;
  /** Posts once: the same key in the same thread again gives the first message's id. */
  post(thread: ThreadId, post: Post, key: string): Promise<MessageId>;
  /** Replaces a post of ours; one with a lower version than was seen already changes nothing. */
  edit(message: MessageId, post: Post, version: number): Promise<void>;
  /** The one sign on a message; on the message that a thread hangs on when a thread is named. */
  mark(at: MessageId | ThreadId, mark: Mark): Promise<void>;
  /** Shown to one person only, once per key. */
  answerPrivately(place: Place, person: Person, post: Post, key: string): Promise<void>;

  /** For platforms that people enter by a link of ours: a one-time one for a new member. */
  invite?(member: Person, channel: ChannelId): Promise<string>;
  /** For platforms that know no keys: looks whether a post of doubtful fate is there. */
  findPost?(thread: ThreadId, key: string): Promise<MessageId | undefined>;
}

/** The platforms that this bot speaks on, by name. */
export type Chats = ReadonlyMap<string, Chat>;

/** The adapter to which an id belongs. */
export function platformOf(id: string): string {
  return id.slice(0, id.indexOf(":"));
}

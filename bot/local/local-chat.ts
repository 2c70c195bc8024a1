import { mintSignIn } from "../../worker/protocol/sign-in.ts";
import type { Chat, Delivery, MessageId } from "../chat.ts";
import type { Post } from "../post.ts";
import { openInbox } from "./inbox.ts";
import { channelIdOf, messageIdOf, placeOf, threadIdOf } from "./message.ts";
import type { MessageStore } from "./message-store.ts";

/** The local chat as a platform; `port` is that of its page. */
export function localChat(store: MessageStore, port: number): Chat {
  return {
    platform: "local",
    listen: (handle: (delivery: Delivery) => Promise<void>) => openInbox(store.redis, handle),
    threadOf(message) {
      const place = placeOf(message);
      return threadIdOf(place.channel, place.message);
    },
    topOf: (channel) => threadIdOf(channel.slice("local:".length), ""),
    async post(thread, post, key) {
      const { channel, message: root } = placeOf(thread);
      return messageIdOf(channel, await store.append({ channel, root, post: ownWords(post) }, key));
    },
    edit: (message, post, version) => store.edit(placeOf(message).message, ownWords(post), version),
    mark: (message, mark) => store.mark(placeOf(message).message, mark),
    async answerPrivately(place, person, post, key) {
      const channel = place.channel.slice(channelIdOf("").length);
      const root = place.thread === undefined ? "" : placeOf(place.thread).message;
      await store.append({ channel, root, post, to: person.id }, key);
    },
    async invite(person, channel) {
      const invitation = {
        person,
        role: "member",
        channel: channel.slice(channelIdOf("").length),
      } as const;
      const token = await mintSignIn(store.redis, invitation);
      return `http://127.0.0.1:${port}/sign-in?token=${token}`;
    },
  };
}

/** The page knows messages by the last part of their ids. */
function ownWords(post: Post): Post {
  if (post.about === undefined) return post;
  return { ...post, about: placeOf(post.about as MessageId).message };
}

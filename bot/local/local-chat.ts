import type { Chat, Delivery, MessageId } from "../chat.ts";
import type { Post } from "../post.ts";
import { openInbox } from "./inbox.ts";
import { channelIdOf, messageIdOf, placeOf, threadIdOf } from "./message.ts";
import type { MessageStore } from "./message-store.ts";

/** The local chat as a platform: a person who is signed in is an admin. */
export function localChat(store: MessageStore): Chat {
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
  };
}

/** The page knows messages by the last part of their ids. */
function ownWords(post: Post): Post {
  if (post.about === undefined) return post;
  return { ...post, about: placeOf(post.about as MessageId).message };
}

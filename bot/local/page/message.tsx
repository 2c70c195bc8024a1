import { useState } from "preact/hooks";
import type { ShownMessage } from "../message.ts";
import { PostView } from "./blocks.tsx";
import { MarkSign } from "./marks.tsx";
import { goTo, usePlace } from "./place.ts";
import { type Unsent, useStore } from "./store.ts";
import { Ago } from "./time.tsx";

/** One message; at the top of a channel with a line about its thread. */
export function MessageView({
  message,
  joined,
  inThread,
}: {
  message: ShownMessage;
  /** The one above is by the same, moments ago: no name again. */
  joined: boolean;
  inThread: boolean;
}) {
  const person = message.person;
  const open = usePlace().root === message.id && !inThread;
  return (
    <article
      {...(inThread ? { id: `at-${message.id}`, tabIndex: -1 } : {})}
      class={`message${joined ? " joined" : ""}${message.to ? " private" : ""}${open ? " open" : ""}`}
    >
      <div class="gutter">{!joined && <Face name={person?.name} />}</div>
      <div class="body">
        {!joined && (
          <div class="by">
            <strong>{person?.name ?? "Colony"}</strong>
            <Ago atMs={message.atMs} />
            {message.to !== undefined && <span class="only-you">Only you see this</span>}
          </div>
        )}
        {message.text !== undefined && <Said text={message.text} />}
        {message.post !== undefined && <PostView post={message.post} message={message} />}
        {!inThread && message.to === undefined && message.replies > 0 && (
          <ThreadLine message={message} />
        )}
        {message.mark !== undefined && (inThread || message.replies === 0) && (
          <MarkSign mark={message.mark} withWord />
        )}
      </div>
    </article>
  );
}

const longText = 1_500;

/** What a person wrote, with the command in it set apart; a very long one folded. */
function Said({ text }: { text: string }) {
  const [whole, setWhole] = useState(text.length <= longText);
  const command = /^(?:\/colony|@colony)\s+[a-z]+(?=\s|$)|^\/[a-z]+(?=\s|$)/i.exec(text)?.[0] ?? "";
  const rest = text.slice(command.length, whole ? undefined : longText);
  return (
    <p class="said">
      {command !== "" && <code class="command">{command}</code>}
      {rest}
      {!whole && (
        <>
          {"… "}
          <button type="button" class="as-link" onClick={() => setWhole(true)}>
            Show all {text.length.toLocaleString()} characters
          </button>
        </>
      )}
    </p>
  );
}

function ThreadLine({ message }: { message: ShownMessage }) {
  const store = useStore();
  const unread = message.newestReply > store.readUpTo(`t:${message.id}`);
  const count = message.replies === 1 ? "1 reply" : `${message.replies} replies`;
  return (
    <button
      type="button"
      class={`thread-line${unread ? " unread" : ""}`}
      onClick={() => goTo(message.channel, message.id)}
    >
      {message.mark !== undefined && <MarkSign mark={message.mark} withWord />}
      <span class="count">{count}</span>
      <Ago atMs={message.newestReplyAtMs} />
      {unread && <span class="unseen">new</span>}
    </button>
  );
}

export function UnsentView({ unsent }: { unsent: Unsent }) {
  const store = useStore();
  return (
    <article class="message unsent">
      <div class="gutter">
        <Face name={store.person?.name} />
      </div>
      <div class="body">
        <div class="by">
          <strong>{store.person?.name}</strong>
          <span class="quiet">sending…</span>
        </div>
        <p class="said">{unsent.text}</p>
        {unsent.trouble !== undefined && (
          <p class="text tone-warn">
            {unsent.trouble}{" "}
            <button type="button" class="as-link" onClick={() => store.forget(unsent.origin)}>
              Drop it
            </button>
          </p>
        )}
      </div>
    </article>
  );
}

function Face({ name }: { name: string | undefined }) {
  if (name === undefined) {
    return (
      <svg class="face colony" viewBox="0 0 32 32" aria-hidden="true">
        <path d="M16 3 27 9.5v13L16 29 5 22.5v-13z" />
        <path class="inner" d="m16 10.5 4.8 2.8v5.4L16 21.5l-4.8-2.8v-5.4z" />
      </svg>
    );
  }
  const initials = name
    .split(/\s+/)
    .map((part) => part[0] ?? "")
    .join("")
    .slice(0, 2)
    .toUpperCase();
  return (
    <span class="face" aria-hidden="true">
      {initials}
    </span>
  );
}

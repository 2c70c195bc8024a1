import { randomUUID } from "node:crypto";
import { z } from "zod";

const blockSchema = z.looseObject({ kind: z.string() });
const messageSchema = z.looseObject({
  id: z.string(),
  root: z.string(),
  person: z.object({ name: z.string() }).optional(),
  text: z.string().optional(),
  post: z.object({ fallback: z.string(), blocks: z.array(blockSchema) }).optional(),
  mark: z.string().optional(),
});
const buttonsSchema = z.object({
  kind: z.literal("buttons"),
  buttons: z.array(z.object({ label: z.string(), token: z.string() })),
});

/** One message of the chat page, as its own browser code gets it. */
export type SeenMessage = z.infer<typeof messageSchema>;

/** Where a message stands: a channel, and the message that its thread hangs on (`""`: the top). */
export interface ThreadPlace {
  readonly channel: string;
  readonly root: string;
  /** The message of the thread that is looked at; absent: its end. */
  readonly at?: string;
}

/**
 * A person at the chat page, without the browser: the same requests that the page makes, with a
 * session of its own.
 */
export interface Visitor {
  /** Writes at the top of a channel or in a thread; answers the message's id. */
  say(place: ThreadPlace, text: string): Promise<string>;
  messages(place: ThreadPlace): Promise<readonly SeenMessage[]>;
  /** Presses a button of this label that is there now; waits for one until `signal` aborts. */
  press(place: ThreadPlace, label: string, signal: AbortSignal): Promise<PressedButton>;
  /** Presses it again, whether or not it is still shown. */
  pressAgain(button: PressedButton): Promise<void>;
  /** Resolves with the first message that `wanted` accepts. */
  waitFor(
    place: ThreadPlace,
    what: string,
    wanted: (message: SeenMessage) => boolean,
    signal: AbortSignal,
  ): Promise<SeenMessage>;
  /** Bytes of a picture or file of a post. */
  artifact(id: string, name: string): Promise<Buffer>;
  /** Where an address of the page leads: the signed link of a preview. */
  follow(path: string): Promise<string>;
}

/** A button of a message, by the token that stands for what it does. */
export interface PressedButton {
  readonly message: string;
  readonly token: string;
}

/** Somebody did not do, in time, what the story wants next. */
export class StoryError extends Error {
  override readonly name = "StoryError";
}

const everyMs = 300;

/** Signs in with a one-time token, as the sign-in page's button does. */
export async function openVisitor(origin: string, signInToken: string): Promise<Visitor> {
  const signedIn = await fetch(`${origin}/sign-in`, {
    method: "POST",
    redirect: "manual",
    headers: { origin },
    body: new URLSearchParams({ token: signInToken }),
  });
  const cookie = signedIn.headers.get("set-cookie")?.split(";")[0];
  if (cookie === undefined)
    throw new StoryError(`The chat page did not take the sign-in link (${signedIn.status}).`);
  const headers = { cookie, origin, "content-type": "application/json" };

  async function post(path: string, body: object): Promise<unknown> {
    const answer = await fetch(`${origin}${path}`, {
      method: "POST",
      headers,
      body: JSON.stringify(body),
    });
    if (!answer.ok)
      throw new StoryError(`The chat page refused (${answer.status}): ${await answer.text()}`);
    return answer.json();
  }
  async function messages({ channel, root }: ThreadPlace): Promise<readonly SeenMessage[]> {
    const answer = await fetch(`${origin}/api/messages?${new URLSearchParams({ channel, root })}`, {
      headers,
    });
    return z.object({ messages: z.array(messageSchema) }).parse(await answer.json()).messages;
  }
  async function until<T>(
    what: string,
    place: ThreadPlace,
    look: (seen: readonly SeenMessage[]) => T | undefined,
    signal: AbortSignal,
  ): Promise<T> {
    for (;;) {
      const seen = await messages(place);
      const found = look(seen);
      if (found !== undefined) return found;
      if (signal.aborted) {
        const last = seen.at(-1);
        throw new StoryError(
          `${what} did not come. The thread's last words: ${last?.post?.fallback ?? last?.text ?? "none"}`,
        );
      }
      await new Promise((resolve) => setTimeout(resolve, everyMs));
    }
  }

  return {
    messages,
    async say({ channel, root }, text) {
      const answer = await post("/api/messages", { channel, root, text, origin: randomUUID() });
      return z.object({ id: z.string() }).parse(answer).id;
    },
    async press(place, label, signal) {
      const found = await until(
        `A button "${label}"`,
        place,
        (seen) => findButton(seen, label),
        signal,
      );
      await post("/api/press", { ...found, origin: randomUUID() });
      return found;
    },
    async pressAgain(button) {
      await post("/api/press", { ...button, origin: randomUUID() });
    },
    waitFor: (place, what, wanted, signal) =>
      until(what, place, (seen) => seen.find(wanted), signal),
    async artifact(id, name) {
      const answer = await fetch(`${origin}/artifact/${id}?${new URLSearchParams({ name })}`, {
        headers,
      });
      if (!answer.ok) throw new StoryError(`The chat page has no ${name} (${answer.status}).`);
      return Buffer.from(await answer.arrayBuffer());
    },
    async follow(path) {
      const answer = await fetch(`${origin}${path}`, { headers, redirect: "manual" });
      const location = answer.headers.get("location");
      if (location === null) throw new StoryError(`${path} leads nowhere (${answer.status}).`);
      return location;
    },
  };
}

/** The newest button of this label that can be pressed. */
function findButton(seen: readonly SeenMessage[], label: string): PressedButton | undefined {
  for (const message of seen.toReversed()) {
    for (const block of message.post?.blocks ?? []) {
      const parsed = buttonsSchema.safeParse(block);
      const button = parsed.success
        ? parsed.data.buttons.find((one) => one.label === label)
        : undefined;
      if (button !== undefined) return { message: message.id, token: button.token };
    }
  }
  return undefined;
}

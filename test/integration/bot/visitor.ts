import { randomUUID } from "node:crypto";
import type { ShownMessage } from "../../../bot/local/message.ts";
import type { Post } from "../../../bot/post.ts";

/** A person at the page, by the requests that the page makes. */
export class Visitor {
  readonly address: string;
  readonly cookie: string;
  constructor(address: string, cookie: string) {
    this.address = address;
    this.cookie = cookie;
  }

  async ask(path: string, body?: unknown, headers: Record<string, string> = {}): Promise<Response> {
    return fetch(`${this.address}${path}`, {
      headers: {
        Cookie: this.cookie,
        Origin: this.address,
        "Content-Type": "application/json",
        ...headers,
      },
      ...(body === undefined ? {} : { method: "POST", body: JSON.stringify(body) }),
    });
  }

  /** Says something; `root` names the thread. Answers the message's id. */
  async says(text: string, root = "", origin: string = randomUUID()): Promise<string> {
    const answer = await this.ask("/api/messages", { channel: "general", root, text, origin });
    const { id } = (await answer.json()) as { id: string };
    return id;
  }

  async messages(root = ""): Promise<readonly ShownMessage[]> {
    const answer = await this.ask(`/api/messages?channel=general&root=${root}`);
    return ((await answer.json()) as { messages: ShownMessage[] }).messages;
  }

  /** Waits until the place says this, in a post or a fallback; answers the message. */
  async sees(text: string | RegExp, root = ""): Promise<ShownMessage> {
    for (;;) {
      const found = (await this.messages(root)).findLast((message) => says(message, text));
      if (found !== undefined) return found;
      await new Promise((resolve) => setTimeout(resolve, 60));
    }
  }

  async presses(label: string, root: string): Promise<void> {
    for (;;) {
      for (const message of (await this.messages(root)).toReversed()) {
        const token = tokenOf(message, label);
        if (token !== undefined) return this.pressesToken(message.id, token);
      }
      await new Promise((resolve) => setTimeout(resolve, 60));
    }
  }
  async pressesToken(message: string, token: string): Promise<void> {
    await this.ask("/api/press", { message, token, origin: randomUUID() });
  }
}

export function tokenOf(message: ShownMessage, label: string): string | undefined {
  return buttonsOf(message.post).find((button) => button.label === label)?.token;
}

export function buttonsOf(post: Post | undefined) {
  return (post?.blocks ?? []).flatMap((block) => (block.kind === "buttons" ? block.buttons : []));
}

/** All words of a message. */
export function wordsOf(message: ShownMessage): string {
  return JSON.stringify(message.post ?? message.text ?? "");
}

function says(message: ShownMessage, text: string | RegExp): boolean {
  const words = wordsOf(message);
  return typeof text === "string" ? words.includes(text) : text.test(words);
}

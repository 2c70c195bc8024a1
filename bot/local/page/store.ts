import { useEffect, useReducer } from "preact/hooks";
import type { Role } from "../../../worker/protocol/sign-in.ts";
import type { Person } from "../../../worker/protocol/task.ts";
import type { ShownChannel } from "../channels.ts";
import type { CompletedWord, ShownMessage } from "../message.ts";
import {
  AskError,
  fetchMessages,
  fetchStart,
  openChannel,
  pressButton,
  saveRead,
  sendMessage,
} from "./api.ts";

/** A message on its way: shown at once, gone when the feed brings it. */
export interface Unsent {
  readonly origin: string;
  readonly channel: string;
  readonly root: string;
  readonly text: string;
  readonly trouble?: string;
}

/** All that the page knows; components read it and call its deeds. */
class PageStore {
  person: Person | undefined;
  role: Role | undefined;
  channels: readonly ShownChannel[] = [];
  words: readonly CompletedWord[] = [];
  repositories: readonly string[] = [];
  connection: "connecting" | "live" | "away" | "signed-out" = "connecting";
  unsent: readonly Unsent[] = [];
  pressed: ReadonlySet<string> = new Set();
  readonly earlier = new Map<string, boolean>();
  readonly #messages = new Map<string, ShownMessage>();
  readonly #read = new Map<string, number>();
  readonly #loaded = new Set<string>();
  readonly #listeners = new Set<() => void>();
  #cursor = "0-0";

  subscribe(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }
  #changed(): void {
    for (const listener of this.#listeners) listener();
  }

  async start(): Promise<void> {
    for (;;) {
      try {
        const start = await fetchStart();
        Object.assign(this, {
          person: start.person,
          role: start.role,
          channels: start.channels,
          words: start.words,
          repositories: start.repositories,
        });
        for (const [place, number] of Object.entries(start.read))
          this.#raiseRead(place, Number(number));
        this.#cursor = start.cursor;
        this.#follow();
        this.#changed();
        return;
      } catch (error) {
        this.connection = error instanceof AskError && error.status === 401 ? "signed-out" : "away";
        this.#changed();
        if (this.connection === "signed-out") return;
        await pause(1_500);
      }
    }
  }

  #follow(): void {
    const feed = new EventSource(`/api/stream?after=${this.#cursor}`);
    const hear = (name: string, take: (data: string) => void) =>
      feed.addEventListener(name, (event) => {
        this.connection = "live";
        take((event as MessageEvent<string>).data);
        this.#changed();
      });
    hear("hello", () => {});
    hear("message", (data) => this.#take(JSON.parse(data) as ShownMessage));
    hear("channels", (data) => {
      this.channels = JSON.parse(data) as readonly ShownChannel[];
    });
    hear("at", () => {});
    hear("reset", () => location.reload());
    feed.addEventListener("at", (event) => {
      this.#cursor = (event as MessageEvent).lastEventId || this.#cursor;
    });
    feed.onerror = () => {
      this.connection = "away";
      this.#changed();
      // The browser tries again by itself, except after a plain refusal.
      if (feed.readyState !== EventSource.CLOSED) return;
      feed.close();
      void pause(1_500).then(() => this.start());
    };
  }

  #take(message: ShownMessage): void {
    this.#messages.set(message.id, message);
    if (message.person?.id !== this.person?.id) return;
    const at = this.unsent.findIndex(
      (unsent) =>
        unsent.channel === message.channel &&
        unsent.root === message.root &&
        unsent.text.trim() === message.text,
    );
    if (at >= 0) this.unsent = this.unsent.filter((_, index) => index !== at);
  }

  async load(channel: string, root: string, more = false): Promise<void> {
    const place = `${channel}/${root}`;
    if (this.#loaded.has(place) && !more) return;
    this.#loaded.add(place);
    const first = more ? this.list(channel, root)[0]?.number : undefined;
    try {
      const answer = await fetchMessages(channel, root, first);
      for (const message of answer.messages) this.#messages.set(message.id, message);
      if (root !== "" && this.#messages.get(root) === undefined) await this.load(channel, "");
      this.earlier.set(place, answer.earlier);
    } catch {
      this.#loaded.delete(place);
    }
    this.#changed();
  }
  isLoaded(channel: string, root: string): boolean {
    return this.earlier.has(`${channel}/${root}`);
  }

  message(id: string): ShownMessage | undefined {
    return this.#messages.get(id);
  }
  /** Messages of a channel's top, or of a thread, oldest first. */
  list(channel: string, root: string): readonly ShownMessage[] {
    return [...this.#messages.values()]
      .filter((message) => message.channel === channel && message.root === root)
      .sort((a, b) => a.number - b.number);
  }

  readUpTo(place: string): number {
    return this.#read.get(place) ?? 0;
  }
  markRead(place: string, number: number): void {
    if (number <= this.readUpTo(place)) return;
    this.#raiseRead(place, number);
    this.#changed();
    void saveRead(place, number).catch(() => {});
  }
  #raiseRead(place: string, number: number): void {
    this.#read.set(place, Math.max(number, this.readUpTo(place)));
  }

  /** Sends, and goes on trying: the origin makes it count once. */
  async send(channel: string, root: string, text: string): Promise<void> {
    const origin = crypto.randomUUID();
    const wish = { channel, root, text, origin };
    this.unsent = [...this.unsent, wish];
    this.#changed();
    for (;;) {
      try {
        await sendMessage(wish);
        return;
      } catch (error) {
        const lasting = error instanceof AskError && error.status >= 400 && error.status < 500;
        const trouble = error instanceof Error ? error.message : "That did not work.";
        this.unsent = this.unsent.map((unsent) =>
          unsent.origin === origin ? { ...unsent, trouble } : unsent,
        );
        this.#changed();
        if (lasting) return;
        await pause(2_000);
      }
    }
  }
  forget(origin: string): void {
    this.unsent = this.unsent.filter((unsent) => unsent.origin !== origin);
    this.#changed();
  }

  async press(message: string, token: string): Promise<void> {
    const mark = `${message}/${token}`;
    this.pressed = new Set([...this.pressed, mark]);
    this.#changed();
    await pressButton({ message, token, origin: crypto.randomUUID() }).catch(() => {});
    await pause(2_500);
    this.pressed = new Set([...this.pressed].filter((other) => other !== mark));
    this.#changed();
  }

  async openChannel(name: string): Promise<string> {
    const opened = await openChannel(name);
    return opened.name;
  }
}

export const store = new PageStore();

/** Draws the component again whenever the store changes. */
export function useStore(): PageStore {
  const [, draw] = useReducer((count: number) => count + 1, 0);
  useEffect(() => store.subscribe(() => draw(undefined)), []);
  return store;
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

import { setTimeout as sleep } from "node:timers/promises";
import type { Redis } from "ioredis";
import type { Logger } from "pino";
import { keys, wakeChannel } from "../worker/protocol/keys.ts";
import { readTask } from "../worker/protocol/transition.ts";
import { type Chats, platformOf } from "./chat.ts";
import { ThreadTeller } from "./thread-teller.ts";

const batch = 200;
const maxWaiting = 2_000;
const maxThreads = 500;
const firstPauseMs = 250;
const longestPauseMs = 30_000;

interface PosterParts {
  readonly redis: Redis;
  readonly chats: Chats;
  readonly log: Logger;
}

/** What waits for one task's thread. */
interface Thread {
  /** Ids of outbox entries with their events, oldest first. */
  readonly waiting: { readonly entry: string; readonly event: string }[];
  /** How many of them are said; they go once the cards say it too. */
  told: number;
  changed: boolean;
  running: boolean;
  teller: ThreadTeller | undefined;
}

/**
 * The poster: reads the outbox from its head and tells each thread its events in order; threads do
 * not wait for each other. An entry goes once all that it causes is said, so what a kill
 * interrupts is done again, and posts have keys.
 */
export async function runPoster(parts: PosterParts, signal: AbortSignal): Promise<void> {
  const reader = parts.redis.duplicate();
  const hints = parts.redis.duplicate();
  for (const own of [reader, hints]) own.on("error", () => {});
  const end = () => {
    reader.disconnect();
    hints.disconnect();
  };
  signal.addEventListener("abort", end);
  const poster = new Poster(parts, signal);
  try {
    // Changes without an event (the step that a driver is at) are told by a hint only.
    hints.on("pmessage", (_pattern: string, channel: string) => {
      poster.hint(channel.slice(wakeChannel("").length));
    });
    void hints.psubscribe(`${wakeChannel("")}*`).catch(() => {});
    await readOutbox(reader, poster, signal);
  } finally {
    signal.removeEventListener("abort", end);
    end();
    await poster.idle();
  }
}

async function readOutbox(reader: Redis, poster: Poster, signal: AbortSignal): Promise<void> {
  let after = "0";
  while (!signal.aborted) {
    if (poster.waiting() > maxWaiting) {
      await sleep(100);
      continue;
    }
    const answer = await reader
      .xread("COUNT", batch, "BLOCK", 2_000, "STREAMS", keys.outbox, after)
      .catch(() => sleep(500).then(() => null));
    for (const [, entries] of answer ?? []) {
      for (const [entry, fields] of entries) {
        const value = (name: string) => fields[fields.indexOf(name) + 1] ?? "";
        poster.push(value("task"), { entry, event: value("event") });
        after = entry;
      }
    }
  }
}

class Poster {
  readonly #parts: PosterParts;
  readonly #signal: AbortSignal;
  readonly #threads = new Map<string, Thread>();
  readonly #running = new Set<Promise<void>>();

  constructor(parts: PosterParts, signal: AbortSignal) {
    this.#parts = parts;
    this.#signal = signal;
  }

  waiting(): number {
    let count = 0;
    for (const thread of this.#threads.values()) count += thread.waiting.length;
    return count;
  }
  async idle(): Promise<void> {
    await Promise.all(this.#running);
  }

  push(taskId: string, entry: Thread["waiting"][number]): void {
    const thread = this.#thread(taskId);
    thread.waiting.push(entry);
    this.#start(taskId, thread);
  }
  /** The task changed; matters only to threads that are told of already. */
  hint(taskId: string): void {
    const thread = this.#thread(taskId);
    thread.changed = true;
    this.#start(taskId, thread);
  }

  #thread(taskId: string): Thread {
    const known = this.#threads.get(taskId);
    // Moved to the end: the first is the one that was quiet for longest.
    this.#threads.delete(taskId);
    const thread = known ?? {
      waiting: [],
      told: 0,
      changed: false,
      running: false,
      teller: undefined,
    };
    this.#threads.set(taskId, thread);
    for (const [id, other] of this.#threads) {
      if (this.#threads.size <= maxThreads) break;
      if (!other.running) this.#threads.delete(id);
    }
    return thread;
  }

  #start(taskId: string, thread: Thread): void {
    if (thread.running) return;
    thread.running = true;
    const run = this.#run(taskId, thread).finally(() => {
      thread.running = false;
      this.#running.delete(run);
    });
    this.#running.add(run);
  }

  /** Tells until nothing is left; what fails is tried again, with growing pauses, for ever. */
  async #run(taskId: string, thread: Thread): Promise<void> {
    let pauseMs = firstPauseMs;
    while (!this.#signal.aborted && (thread.waiting.length > 0 || thread.changed)) {
      try {
        await this.#tellAll(taskId, thread);
        pauseMs = firstPauseMs;
      } catch (error) {
        if (this.#signal.aborted) return;
        this.#parts.log.warn({ err: error, task: taskId }, "telling a thread");
        thread.teller = undefined;
        thread.told = 0;
        await this.#rest(pauseMs);
        pauseMs = Math.min(pauseMs * 2, longestPauseMs);
      }
    }
  }

  async #tellAll(taskId: string, thread: Thread): Promise<void> {
    thread.teller ??= await this.#openTeller(taskId);
    thread.changed = false;
    for (let next = thread.waiting[thread.told]; next; next = thread.waiting[thread.told]) {
      if (this.#signal.aborted) return;
      const dueMs = await thread.teller?.tell(next.event, Date.now());
      if (dueMs !== undefined) return this.#rest(dueMs - Date.now());
      thread.told++;
    }
    const againAtMs = await thread.teller?.level(Date.now());
    if (againAtMs !== undefined) {
      thread.changed = true;
      return this.#until(againAtMs, thread);
    }
    // Only now: until the cards say it too, a kill has all of it done again.
    const told = thread.waiting.slice(0, thread.told).map(({ entry }) => entry);
    if (told.length > 0) await this.#parts.redis.xdel(keys.outbox, ...told);
    thread.waiting.splice(0, told.length);
    thread.told -= told.length;
  }

  /** Waits for the time to edit, or for something new to tell. */
  async #until(atMs: number, thread: Thread): Promise<void> {
    while (!this.#signal.aborted && Date.now() < atMs && thread.waiting.length === thread.told) {
      const leftMs = Math.min(100, Math.max(1, atMs - Date.now()));
      await sleep(leftMs);
    }
  }

  async #rest(ms: number): Promise<void> {
    await sleep(Math.max(1, ms), undefined, { signal: this.#signal }).catch(() => {});
  }

  /** Undefined: nobody is to be told, as for tasks of the command line. */
  async #openTeller(taskId: string): Promise<ThreadTeller | undefined> {
    const { redis, chats } = this.#parts;
    const thread = (await readTask(redis, taskId))?.thread;
    if (thread === undefined) return undefined;
    const chat = chats.get(platformOf(thread));
    // Kept until that platform is spoken again: nothing that was to be said is dropped.
    if (chat === undefined) throw new UnspokenPlatformError(platformOf(thread));
    return new ThreadTeller(redis, chat, taskId);
  }
}

class UnspokenPlatformError extends Error {
  override readonly name = "UnspokenPlatformError";
  readonly platform: string;
  constructor(platform: string) {
    super(`the platform ${platform} is not set up in this bot`);
    this.platform = platform;
  }
}

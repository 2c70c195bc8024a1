import { createHash } from "node:crypto";
import type { Redis } from "ioredis";
import { readEvent, readEvents } from "../worker/protocol/event-log.ts";
import type { Task } from "../worker/protocol/task.ts";
import { readTask } from "../worker/protocol/transition.ts";
import { type Activity, noActivity, noteEvent } from "./activity.ts";
import { finishPost } from "./buttons.ts";
import type { Chat, ThreadId } from "./chat.ts";
import { decidePosts, renderLevel, type Wish } from "./decide-posts.ts";
import type { Draft, Mark } from "./post.ts";
import { markOf } from "./replies/state.ts";
import { type Told, ToldLog } from "./told.ts";

/** Between two edits of one message. */
export const editPauseMs = 3_000;

/**
 * Tells one task's thread what happened, in order. All of it may be done again after a kill: posts
 * have keys, edits are levels, and what was told is remembered in `ToldLog`.
 */
export class ThreadTeller {
  readonly #redis: Redis;
  readonly #chat: Chat;
  readonly #taskId: string;
  readonly #toldLog: ToldLog;
  #told: Map<string, Told> | undefined;
  #activity: Activity = noActivity;

  constructor(redis: Redis, chat: Chat, taskId: string) {
    this.#redis = redis;
    this.#chat = chat;
    this.#taskId = taskId;
    this.#toldLog = new ToldLog(redis, taskId);
  }

  /**
   * Posts what an event adds. A line calls people to a card: where that may not be edited yet,
   * nothing is said, and the answer is when to tell the event again.
   */
  async tell(eventId: string, nowMs: number): Promise<number | undefined> {
    const task = await this.#look();
    const event = await readEvent(this.#redis, this.#taskId, eventId);
    if (task?.thread === undefined || event === undefined) return undefined;
    const thread = task.thread as ThreadId;
    if (event.event.type === "task.created") await this.#mark(thread, markOf(task));
    for (const wish of decidePosts(event, task, this.#activity)) {
      if (wish.kind === "post" && wish.about !== undefined) {
        const againAtMs = await this.#levelOne(wish.about, task, nowMs);
        if (againAtMs !== undefined) return againAtMs;
      }
      await this.#say(thread, wish, task);
    }
    return undefined;
  }

  /**
   * Brings every level to the newest state; answers when to look again because an edit came too
   * early, or undefined when all is as it should be.
   */
  async level(nowMs: number): Promise<number | undefined> {
    const task = await this.#look();
    if (task?.thread === undefined) return undefined;
    await this.#mark(task.thread as ThreadId, markOf(task));
    let againAtMs: number | undefined;
    for (const key of (await this.#allTold()).keys()) {
      const dueMs = await this.#levelOne(key, task, nowMs);
      if (dueMs !== undefined) againAtMs = Math.min(againAtMs ?? dueMs, dueMs);
    }
    return againAtMs;
  }

  /** Answers when it is due, where an edit would come too early. */
  async #levelOne(key: string, task: Task, nowMs: number): Promise<number | undefined> {
    const told = (await this.#allTold()).get(key);
    if (told?.message === undefined) return undefined;
    const draft = renderLevel(key, task, this.#activity);
    if (draft === undefined || hashOf(draft) === told.hash) return undefined;
    const dueMs = told.atMs + editPauseMs;
    if (dueMs > nowMs) return dueMs;
    const version = Math.max(told.atMs + 1, nowMs);
    await this.#chat.edit(told.message, await finishPost(this.#redis, draft), version);
    await this.#remember(key, { ...told, hash: hashOf(draft), atMs: version });
    return undefined;
  }

  async #say(thread: ThreadId, wish: Wish, task: Task): Promise<void> {
    const known = (await this.#allTold()).get(wish.key);
    if (known?.message !== undefined) return;
    const draft = await this.#draftOf(wish, task);
    if (draft === undefined) return;
    const key = `${this.#taskId}:${wish.key}`;
    const atMs = Date.now();
    const doubt = known !== undefined ? await this.#chat.findPost?.(thread, key) : undefined;
    // Written down before: after a kill, a platform without keys is asked whether it is there.
    if (known === undefined) await this.#remember(wish.key, { hash: "", atMs });
    const message =
      doubt ?? (await this.#chat.post(thread, await finishPost(this.#redis, draft), key));
    const hash = known === undefined ? hashOf(draft) : "";
    await this.#remember(wish.key, { message, hash, atMs });
  }

  async #draftOf(wish: Wish, task: Task): Promise<Draft | undefined> {
    if (wish.kind === "level") return renderLevel(wish.key, task, this.#activity);
    const about = (await this.#allTold()).get(wish.about ?? "")?.message;
    return about === undefined ? wish.draft : { ...wish.draft, about };
  }

  async #mark(thread: ThreadId, mark: Mark): Promise<void> {
    if ((await this.#allTold()).get("mark")?.hash === mark) return;
    await this.#chat.mark(thread, mark);
    await this.#remember("mark", { hash: mark, atMs: Date.now() });
  }

  /** Reads the task, and of its log what is new. */
  async #look(): Promise<Task | undefined> {
    const task = await readTask(this.#redis, this.#taskId);
    const fresh = await readEvents(this.#redis, this.#taskId, this.#activity.lastId);
    for (const logged of fresh) this.#activity = noteEvent(this.#activity, logged);
    return task;
  }

  async #allTold(): Promise<Map<string, Told>> {
    this.#told ??= await this.#toldLog.read();
    return this.#told;
  }
  async #remember(key: string, told: Told): Promise<void> {
    await this.#toldLog.save(key, told);
    (await this.#allTold()).set(key, told);
  }
}

function hashOf(draft: Draft): string {
  return createHash("sha256").update(JSON.stringify(draft)).digest("base64url").slice(0, 22);
}

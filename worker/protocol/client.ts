import { createHash } from "node:crypto";
import { Redis } from "ioredis";
import type { ArtifactRef } from "./change.ts";
import { decideTaskEgress, type EgressWish } from "./decide-egress.ts";
import {
  decideCloseSandbox,
  decideDiscard,
  decideMerge,
  decidePermission,
  decideReply,
  decideRetry,
  decideStop,
} from "./decisions.ts";
import { type EgressSummary, egressSummarySchema } from "./egress.ts";
import { rememberAlways } from "./egress-always.ts";
import { readEvents, streamEvents } from "./event-log.ts";
import type { LoggedEvent } from "./events.ts";
import { newTaskId, type TaskId, taskIdSchema } from "./ids.ts";
import { enqueueIntents, openQueues, type Queues } from "./intents.ts";
import { keys } from "./keys.ts";
import { Refusal } from "./refusal.ts";
import { type Person, type Prompt, type Repository, repositorySchema, type Task } from "./task.ts";
import { commitTransition, readTask, type Transition, transact } from "./transition.ts";

/** A request as chat or command line take it. */
export interface NewTask {
  readonly request: string;
  readonly requester: Person;
  readonly repository: Repository;
  readonly agent: string;
  readonly thread?: string;
  /** Delivery or request id: the same one again gives the same task. */
  readonly origin: string;
}

export const maxRequestLength = 100_000;
const artifactLifeSeconds = 30 * 24 * 3600;

/**
 * What a person can do, for the bot and the command line alike. Every deed answers the task as it
 * then is, or throws a Refusal whose message is for the person.
 */
export class Client implements AsyncDisposable {
  readonly redis: Redis;
  readonly #queues: Queues;

  constructor(redis: Redis) {
    this.redis = redis;
    this.#queues = openQueues(redis);
  }

  async createTask(wish: NewTask): Promise<Task> {
    const request = wish.request.trim();
    if (request === "")
      throw new Refusal("Say what is to be done: `/colony run fix the login bug`.");
    if (request.length > maxRequestLength) {
      throw new Refusal(
        `The request has ${request.length} characters; at most ${maxRequestLength} fit. Put the rest in a file of the repository.`,
      );
    }
    const nowMs = Date.now();
    const ready = await this.#takeReadyId(wish.repository.url);
    const task: Task = {
      version: 1,
      id: ready ?? newTaskId(),
      rev: -1,
      state: "queued",
      epoch: 0,
      run: 1,
      request,
      requester: wish.requester,
      repository: wish.repository,
      agent: wish.agent,
      plan: [],
      prompts: [{ text: request, by: wish.requester, interrupt: false }],
      promptsSent: 0,
      setupDone: false,
      conflicts: [],
      previews: [],
      notEnforced: [],
      createdAtMs: nowMs,
      workedMs: 0,
      activeAtMs: nowMs,
      sandbox: "none",
      ...(wish.thread === undefined ? {} : { thread: wish.thread }),
    };
    const committed = await commitTransition(
      this.redis,
      {
        task,
        events: [{ type: "task.created" }, { type: "task.queued", reason: "new" }],
        jobs: [{ kind: "run" }],
      },
      [keys.origin(wish.origin), ...(wish.thread === undefined ? [] : [keys.thread(wish.thread)])],
    );
    if ("existing" in committed) {
      // The sandbox that may wait under the id is for the next one.
      if (ready !== undefined) await this.redis.rpush(keys.pool(wish.repository.url), ready);
      const existing = await readTask(this.redis, committed.existing);
      if (existing !== undefined) return existing;
      throw new Refusal("This thread belongs to a task that is gone.");
    }
    await enqueueIntents(this.redis, this.#queues);
    return committed.task;
  }

  /** An id under which a worker has a sandbox ready. */
  async #takeReadyId(repositoryUrl: string): Promise<TaskId | undefined> {
    return taskIdSchema.safeParse(await this.redis.lpop(keys.pool(repositoryUrl))).data;
  }

  /** `origin`, here and below: id of the delivery, which counts once however often it comes. */
  reply(taskId: string, prompt: Prompt, origin?: string): Promise<Task> {
    return this.#act(taskId, (task) => decideReply(task, prompt, Date.now()), origin);
  }
  stop(taskId: string, by: Person, origin?: string): Promise<Task> {
    return this.#act(taskId, (task) => decideStop(task, by, Date.now()), origin);
  }
  answerPermission(
    taskId: string,
    answer: { requestId: string; optionId: string; by: Person },
    origin?: string,
  ): Promise<Task> {
    return this.#act(taskId, (task) => decidePermission(task, answer, Date.now()), origin);
  }
  /** `tree` is the one on the card that was pressed; absent, the newest is meant. */
  merge(taskId: string, by: Person, tree?: string, origin?: string): Promise<Task> {
    return this.#act(taskId, (task) => decideMerge(task, { by, tree }, Date.now()), origin);
  }
  discard(taskId: string, by: Person, origin?: string): Promise<Task> {
    return this.#act(taskId, (task) => decideDiscard(task, by, Date.now()), origin);
  }
  retry(taskId: string, by: Person, origin?: string): Promise<Task> {
    return this.#act(taskId, (task) => decideRetry(task, by, Date.now()), origin);
  }

  /** Allows a host or keeps it blocked; `repository` holds for later tasks on it too. */
  async decideEgress(taskId: string, wish: EgressWish, origin?: string): Promise<Task> {
    const decide = (task: Task) => decideTaskEgress(task, wish, Date.now());
    const task = await this.#act(taskId, decide, origin);
    await rememberAlways(this.redis, task);
    return task;
  }
  /** What the task's sandboxes reached; undefined before they did. */
  async egress(taskId: string): Promise<EgressSummary | undefined> {
    const json = await this.redis.get(keys.egress(taskId));
    return json === null ? undefined : egressSummarySchema.parse(JSON.parse(json));
  }

  /** Ends the sandbox of a task that nobody drives; its files and its change stay. */
  closeSandbox(taskId: string): Promise<Task> {
    return this.#act(taskId, (task) => decideCloseSandbox(task));
  }

  task(taskId: string): Promise<Task | undefined> {
    return readTask(this.redis, taskId);
  }
  async taskOfThread(thread: string): Promise<Task | undefined> {
    const id = await this.redis.get(keys.thread(thread));
    return id === null ? undefined : readTask(this.redis, id);
  }
  /** Newest first. */
  async tasks(limit = 100): Promise<readonly Task[]> {
    const ids = await this.redis.zrevrange(keys.tasks, 0, limit - 1);
    const tasks = await Promise.all(ids.map((id) => readTask(this.redis, id)));
    return tasks.filter((task) => task !== undefined);
  }

  events(taskId: string, afterId = "0"): Promise<readonly LoggedEvent[]> {
    return readEvents(this.redis, taskId, afterId);
  }
  /** Follows a task's log for ever, on a connection of its own, until `signal` aborts. */
  follow(taskId: string, afterId: string, signal: AbortSignal): AsyncIterable<LoggedEvent> {
    return streamEvents(this.redis, taskId, afterId, signal);
  }

  /** Stores bytes under their hash, for the chat to fetch. */
  async putArtifact(bytes: Buffer, name: string, mediaType: string): Promise<ArtifactRef> {
    const id = createHash("sha256").update(bytes).digest("hex");
    await this.redis.set(keys.artifact(id), bytes, "EX", artifactLifeSeconds);
    return { id, name, mediaType, bytes: bytes.length };
  }
  async artifact(id: string): Promise<Buffer | undefined> {
    return (await this.redis.getBuffer(keys.artifact(id))) ?? undefined;
  }

  async repositories(): Promise<readonly Repository[]> {
    const all = await this.redis.hvals(keys.repositories);
    return all.map((json) => repositorySchema.parse(JSON.parse(json)));
  }
  async repository(name: string): Promise<Repository | undefined> {
    const json = await this.redis.hget(keys.repositories, name);
    return json === null ? undefined : repositorySchema.parse(JSON.parse(json));
  }
  async addRepository(repository: Repository): Promise<void> {
    await this.redis.hset(keys.repositories, repository.name, JSON.stringify(repository));
  }
  /** `channel` is the platform's name and its channel id, such as `local:general`. */
  async bindChannel(channel: string, repositoryName: string): Promise<void> {
    await this.redis.hset(keys.bindings, channel, repositoryName);
  }
  async repositoryOfChannel(channel: string): Promise<Repository | undefined> {
    const name = await this.redis.hget(keys.bindings, channel);
    return name === null ? undefined : this.repository(name);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#queues[Symbol.asyncDispose]();
    this.redis.disconnect();
  }

  async #act(taskId: string, decide: (task: Task) => Transition, origin?: string): Promise<Task> {
    const once = origin === undefined ? [] : [keys.origin(origin)];
    const task = await transact(this.redis, taskId, decide, once);
    await enqueueIntents(this.redis, this.#queues);
    return task;
  }
}

/** Connects to control Redis: a `redis://` address or the path of a unix socket. */
export function openRedis(address: string): Redis {
  const settings = {
    // Without it a half-open connection holds its caller for ever.
    socketTimeout: 15_000,
    maxRetriesPerRequest: null,
    retryStrategy: (times: number) => Math.min(50 * times, 1_000),
  };
  const redis = address.startsWith("/")
    ? new Redis(address, settings)
    : new Redis(address, settings);
  // Told by whoever waits for an answer; an unheard error event would end the process.
  redis.on("error", () => {});
  return redis;
}

export function openClient(address: string): Client {
  return new Client(openRedis(address));
}

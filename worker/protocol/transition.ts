import { randomUUID } from "node:crypto";
import type { Redis } from "ioredis";
import { eventSchema, type TaskEvent } from "./events.ts";
import { type Job, jobId } from "./jobs.ts";
import { keys, wakeChannel } from "./keys.ts";
import { needsCare, type Task, taskSchema } from "./task.ts";

/** What a pure decision wants to happen to a task, all of it or nothing. */
export interface Transition {
  readonly task: Task;
  readonly events: readonly TaskEvent[];
  readonly jobs?: readonly Pick<Job, "kind">[];
}

/** Somebody else moved the task since it was read: read it again and decide anew. */
export class StaleTaskError extends Error {
  override readonly name = "StaleTaskError";
  readonly taskId: string;
  constructor(taskId: string) {
    super(`task ${taskId} was changed by somebody else meanwhile`);
    this.taskId = taskId;
  }
}

/**
 * State, events, chat posts to make (outbox) and jobs to enqueue (intents) in one step. Idempotent
 * by its token, since ioredis re-sends a command whose answer was lost; guarded by the revision,
 * which is also the fence: a driver decides on the task that it read, and a newer epoch is a newer
 * revision.
 *
 * KEYS task events outbox intents tasks token live; ARGV token rev json taskId wake isLive nEvents
 * (type json)… nIntents (jobId json)… nOnce key…
 */
const commitScript = `
if redis.call('EXISTS', KEYS[6]) == 1 then return 1 end
local current = redis.call('HGET', KEYS[1], 'rev')
if (current or '-1') ~= ARGV[2] then return 0 end
local i = 7
local events = tonumber(ARGV[i])
local onceAt = i + 1 + events * 2
onceAt = onceAt + 1 + tonumber(ARGV[onceAt]) * 2
for k = onceAt + 1, onceAt + tonumber(ARGV[onceAt]) do
  if redis.call('EXISTS', ARGV[k]) == 1 then return redis.call('GET', ARGV[k]) end
end
for k = onceAt + 1, onceAt + tonumber(ARGV[onceAt]) do redis.call('SET', ARGV[k], ARGV[4]) end
local rev = tostring(tonumber(ARGV[2]) + 1)
redis.call('HSET', KEYS[1], 'rev', rev, 'json', ARGV[3])
if ARGV[6] == '1' then redis.call('SADD', KEYS[7], ARGV[4]) else redis.call('SREM', KEYS[7], ARGV[4]) end
if ARGV[2] == '-1' then redis.call('ZADD', KEYS[5], redis.call('TIME')[1], ARGV[4]) end
for e = 1, events do
  local id = redis.call('XADD', KEYS[2], '*', 'type', ARGV[i + 1], 'json', ARGV[i + 2])
  redis.call('XADD', KEYS[3], '*', 'task', ARGV[4], 'event', id, 'type', ARGV[i + 1])
  i = i + 2
end
i = i + 1
for j = 1, tonumber(ARGV[i]) do
  redis.call('HSET', KEYS[4], ARGV[i + 1], ARGV[i + 2])
  i = i + 2
end
redis.call('SET', KEYS[6], '1', 'EX', 3600)
redis.call('PUBLISH', ARGV[5], rev)
return 1
`;

/**
 * Commits one transition on the revision that its task carries; answers the task as stored.
 * `once` names keys that may be set only once (a delivery's id): where one exists, nothing is
 * written and the id of the task that it names is answered.
 */
export async function commitTransition(
  redis: Redis,
  transition: Transition,
  once: readonly string[] = [],
): Promise<{ readonly task: Task } | { readonly existing: string }> {
  const { task } = transition;
  const token = randomUUID();
  const stored = taskSchema.parse({ ...task, rev: task.rev + 1 });
  const events = transition.events.flatMap((event) => [
    event.type,
    JSON.stringify(eventSchema.parse(event)),
  ]);
  const jobs = (transition.jobs ?? []).map((job) => job.kind);
  const intents = jobs.flatMap((kind) => [
    jobId(kind, task.id, stored.rev),
    JSON.stringify({ kind, taskId: task.id, host: task.host ?? null }),
  ]);
  const answer = await redis.eval(
    commitScript,
    7,
    keys.task(task.id),
    keys.events(task.id),
    keys.outbox,
    keys.intents,
    keys.tasks,
    keys.token(token),
    keys.live,
    token,
    String(task.rev),
    JSON.stringify(stored),
    task.id,
    wakeChannel(task.id),
    needsCare(stored) ? "1" : "0",
    String(events.length / 2),
    ...events,
    String(jobs.length),
    ...intents,
    String(once.length),
    ...once,
  );
  if (answer === 0) throw new StaleTaskError(task.id);
  if (answer === 1) return { task: stored };
  return { existing: String(answer) };
}

/** Reads a task; undefined when there is none of that id. */
export async function readTask(redis: Redis, taskId: string): Promise<Task | undefined> {
  const json = await redis.hget(keys.task(taskId), "json");
  return json === null ? undefined : taskSchema.parse(JSON.parse(json));
}

/**
 * Reads, decides and commits until nobody came between. `decide` may be called several times and
 * must be pure; answering undefined leaves the task as it is. Where a key of `once` exists, what
 * is wished was done before: the task is answered as it is.
 */
export async function transact(
  redis: Redis,
  taskId: string,
  decide: (task: Task) => Transition | undefined,
  once: readonly string[] = [],
): Promise<Task> {
  const wasDone = once.length > 0 && (await redis.exists(...once)) > 0;
  for (;;) {
    const task = await readTask(redis, taskId);
    if (task === undefined) throw new UnknownTaskError(taskId);
    // Asked before deciding: a deed done twice would be refused as one too many.
    const transition = wasDone ? undefined : decide(task);
    if (transition === undefined) return task;
    try {
      const committed = await commitTransition(redis, transition, once);
      return "task" in committed ? committed.task : task;
    } catch (error) {
      if (!(error instanceof StaleTaskError)) throw error;
    }
  }
}

export class UnknownTaskError extends Error {
  override readonly name = "UnknownTaskError";
  readonly taskId: string;
  constructor(taskId: string) {
    super(`There is no task ${taskId}. \`colony ps\` lists the tasks.`);
    this.taskId = taskId;
  }
}

import type { Redis } from "ioredis";
import type { Mark, Post } from "../post.ts";
import { localKeys } from "./keys.ts";
import type { InboxEntry, ShownMessage, StoredMessage } from "./message.ts";

/** Adds a message once per key, tells the feed and, when it is a person's, the inbox. */
const appendScript = `
local known = redis.call('HGET', KEYS[1], ARGV[1])
if known then return known end
local number = redis.call('INCR', KEYS[2])
local id = 'm' .. number
local time = redis.call('TIME')
local atMs = time[1] * 1000 + math.floor(time[2] / 1000)
redis.call('HSET', KEYS[1], ARGV[1], id)
redis.call('HSET', ARGV[3] .. id, 'json', ARGV[2], 'version', '-1', 'atMs', string.format('%d', atMs))
redis.call('RPUSH', KEYS[3], id)
redis.call('HSET', KEYS[6], ARGV[6], number)
redis.call('XADD', KEYS[4], 'MAXLEN', '~', '20000', '*', 'message', id)
if ARGV[5] ~= '' then redis.call('XADD', KEYS[4], '*', 'message', ARGV[5]) end
if ARGV[4] ~= '' then redis.call('XADD', KEYS[5], '*', 'message', id, 'json', ARGV[4]) end
return id
`;

const editScript = `
local version = redis.call('HGET', KEYS[1], 'version')
if not version or tonumber(version) >= tonumber(ARGV[2]) then return 0 end
redis.call('HSET', KEYS[1], 'json', ARGV[1], 'version', ARGV[2])
redis.call('XADD', KEYS[2], '*', 'message', ARGV[3])
return 1
`;

const markScript = `
if redis.call('EXISTS', KEYS[1]) == 0 or redis.call('HGET', KEYS[1], 'mark') == ARGV[1] then return 0 end
redis.call('HSET', KEYS[1], 'mark', ARGV[1])
redis.call('XADD', KEYS[2], '*', 'message', ARGV[2])
return 1
`;

const pressScript = `
if redis.call('SET', KEYS[1], '1', 'NX', 'EX', '86400') then
  redis.call('XADD', KEYS[2], '*', 'message', '', 'json', ARGV[1])
end
return 1
`;

/** Messages of the local chat, durable in Redis. */
export class MessageStore {
  readonly redis: Redis;
  constructor(redis: Redis) {
    this.redis = redis;
  }

  /** Answers the message's id: a new one, or that of the first time. */
  async append(message: StoredMessage, key: string, inbox?: InboxEntry): Promise<string> {
    const { channel, root } = message;
    const id = await this.redis.eval(
      appendScript,
      6,
      localKeys.posted(channel, root),
      localKeys.count,
      root === "" ? localKeys.top(channel) : localKeys.thread(root),
      localKeys.feed,
      localKeys.inbox,
      localKeys.newest,
      key,
      JSON.stringify(message),
      localKeys.message(""),
      inbox === undefined ? "" : JSON.stringify(inbox),
      root,
      channel,
    );
    return String(id);
  }

  /** Puts a pressed button into the inbox, once per origin. */
  async press(entry: InboxEntry): Promise<void> {
    const once = localKeys.pressed(entry.id);
    await this.redis.eval(pressScript, 2, once, localKeys.inbox, JSON.stringify(entry));
  }

  async edit(id: string, post: Post, version: number): Promise<void> {
    const json = await this.redis.hget(localKeys.message(id), "json");
    if (json === null) return;
    const message: StoredMessage = { ...(JSON.parse(json) as StoredMessage), post };
    await this.redis.eval(
      editScript,
      2,
      localKeys.message(id),
      localKeys.feed,
      JSON.stringify(message),
      String(version),
      id,
    );
  }

  async mark(id: string, mark: Mark): Promise<void> {
    await this.redis.eval(markScript, 2, localKeys.message(id), localKeys.feed, mark, id);
  }

  /** The newest `limit` messages before `before` in a channel or thread, oldest first. */
  async list(
    place: { readonly channel: string; readonly root: string },
    limit: number,
    before = Number.POSITIVE_INFINITY,
  ): Promise<{ readonly messages: readonly ShownMessage[]; readonly earlier: boolean }> {
    const list = place.root === "" ? localKeys.top(place.channel) : localKeys.thread(place.root);
    const all = await this.redis.lrange(list, 0, -1);
    const ids = all.filter((id) => numberOf(id) < before);
    const wanted = ids.slice(-limit);
    return { messages: await this.read(wanted), earlier: ids.length > wanted.length };
  }

  /** Messages by id, in that order; unknown ones are left out. */
  async read(ids: readonly string[]): Promise<readonly ShownMessage[]> {
    if (ids.length === 0) return [];
    const pipeline = this.redis.pipeline();
    for (const id of ids) {
      pipeline.hgetall(localKeys.message(id));
      pipeline.llen(localKeys.thread(id));
      pipeline.lindex(localKeys.thread(id), -1);
    }
    const answers = (await pipeline.exec()) ?? [];
    const messages = ids.map((id, at) => {
      const hash = (answers[at * 3]?.[1] ?? {}) as Record<string, string>;
      const replies = Number(answers[at * 3 + 1]?.[1] ?? 0);
      const newest = (answers[at * 3 + 2]?.[1] ?? null) as string | null;
      return shown(id, hash, replies, newest);
    });
    const known = messages.filter((message) => message !== undefined);
    const newestIds = known
      .filter((message) => message.replies > 0)
      .map((message) => `m${message.newestReply}`);
    const times = await this.#times(newestIds);
    return known.map((message) => ({
      ...message,
      newestReplyAtMs: times.get(message.newestReply) ?? 0,
    }));
  }

  async #times(ids: readonly string[]): Promise<ReadonlyMap<number, number>> {
    const pipeline = this.redis.pipeline();
    for (const id of ids) pipeline.hget(localKeys.message(id), "atMs");
    const answers = ids.length === 0 ? [] : ((await pipeline.exec()) ?? []);
    return new Map(ids.map((id, at) => [numberOf(id), Number(answers[at]?.[1] ?? 0)]));
  }
}

function shown(
  id: string,
  hash: Record<string, string>,
  replies: number,
  newest: string | null,
): ShownMessage | undefined {
  if (hash.json === undefined) return undefined;
  return {
    ...(JSON.parse(hash.json) as StoredMessage),
    id,
    number: numberOf(id),
    atMs: Number(hash.atMs),
    ...(hash.mark === undefined ? {} : { mark: hash.mark as Mark }),
    replies,
    newestReply: newest === null ? 0 : numberOf(newest),
    newestReplyAtMs: 0,
  };
}

function numberOf(id: string): number {
  return Number(id.slice(1));
}

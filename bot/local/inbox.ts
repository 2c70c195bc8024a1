import { setTimeout as sleep } from "node:timers/promises";
import type { Redis } from "ioredis";
import { z } from "zod";
import type { Delivery } from "../chat.ts";
import { localKeys } from "./keys.ts";
import {
  channelIdOf,
  type InboxEntry,
  inboxEntrySchema,
  messageIdOf,
  threadIdOf,
} from "./message.ts";

/** What cannot be read is handled once, by nobody. */
const jsonSchema = z.string().transform((text, context): unknown => {
  try {
    return JSON.parse(text);
  } catch {
    context.addIssue("not JSON");
    return z.NEVER;
  }
});

const command = /^(?:\/colony\b|@colony\b|\/(?=[a-z]))\s*/i;

/**
 * Hands out what people did, in order. An entry goes once it was handled: after a kill in between
 * it is handed out again with the same id.
 */
export function openInbox(
  redis: Redis,
  handle: (delivery: Delivery) => Promise<void>,
): AsyncDisposable {
  const ending = new AbortController();
  const own = redis.duplicate();
  own.on("error", () => {});
  const done = consume(own, redis, handle, ending.signal);
  return {
    async [Symbol.asyncDispose]() {
      ending.abort();
      own.disconnect();
      await done;
    },
  };
}

async function consume(
  own: Redis,
  redis: Redis,
  handle: (delivery: Delivery) => Promise<void>,
  signal: AbortSignal,
): Promise<void> {
  let after = "0";
  while (!signal.aborted) {
    try {
      const answer = await own.xread(
        "COUNT",
        50,
        "BLOCK",
        5_000,
        "STREAMS",
        localKeys.inbox,
        after,
      );
      for (const [, entries] of answer ?? []) {
        for (const [id, fields] of entries) {
          if (signal.aborted) return;
          const delivery = parseEntry(fields);
          if (delivery !== undefined) await handle(delivery);
          await redis.xdel(localKeys.inbox, id);
          after = id;
        }
      }
    } catch {
      // Redis is away; ioredis reconnects, and the entry is still there.
      if (!signal.aborted) await sleep(500);
    }
  }
}

function parseEntry(fields: readonly string[]): Delivery | undefined {
  const json = fields[fields.indexOf("json") + 1] ?? "";
  const message = fields[fields.indexOf("message") + 1] ?? "";
  const parsed = jsonSchema.pipe(inboxEntrySchema).safeParse(json);
  return parsed.success ? toDelivery(parsed.data, message) : undefined;
}

function toDelivery(entry: InboxEntry, message: string): Delivery {
  const where = {
    id: `local:${entry.id}`,
    channel: channelIdOf(entry.channel),
    ...(entry.root === "" ? {} : { thread: threadIdOf(entry.channel, entry.root) }),
    person: entry.person,
    isAdmin: entry.role === "admin",
  };
  if (entry.kind === "press") return { ...where, kind: "press", token: entry.token };
  const addressed = command.test(entry.text);
  return {
    ...where,
    kind: "message",
    ...(message === "" ? {} : { message: messageIdOf(entry.channel, message) }),
    text: entry.text.replace(command, ""),
    addressed,
  };
}

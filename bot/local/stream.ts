import type { Context } from "hono";
import { streamSSE } from "hono/streaming";
import type { Person } from "../../worker/protocol/task.ts";
import { listChannels } from "./channels.ts";
import { localKeys } from "./keys.ts";
import { visible } from "./message.ts";
import type { LocalServerParts } from "./server.ts";

const batch = 200;
const lookAgainMs = 4_000;

/**
 * Follows the feed from `Last-Event-ID` (or `?after=`). Entries only name messages: what is sent
 * is the message as it is now. A reader who was away for too long is told to start over.
 */
export function streamFeed(parts: LocalServerParts, context: Context, person: Person): Response {
  const { store, wakeups } = parts;
  const { redis } = store;
  let last = context.req.header("last-event-id") ?? context.req.query("after") ?? "0-0";
  if (!/^\d+-\d+$/.test(last)) last = "0-0";
  return streamSSE(context, async (stream) => {
    let channels = "";
    await stream.writeSSE({ event: "hello", data: "{}" });
    const [first] = await redis.xrange(localKeys.feed, "-", "+", "COUNT", 1);
    if (first !== undefined && last !== "0-0" && isBefore(last, first[0])) {
      await stream.writeSSE({ event: "reset", data: "{}" });
    }
    while (!stream.aborted && !stream.closed) {
      // Asked for before the read, so that nothing which comes meanwhile is slept through.
      const woken = wakeups.next(lookAgainMs);
      const entries = await redis.xrange(localKeys.feed, `(${last}`, "+", "COUNT", batch);
      const ids = entries.flatMap(([, fields]) => (fields[0] === "message" ? fields[1]! : []));
      const messages = visible(await store.read([...new Set(ids)]), person);
      last = entries.at(-1)?.[0] ?? last;
      for (const message of messages) {
        await stream.writeSSE({ event: "message", data: JSON.stringify(message) });
      }
      const now = JSON.stringify(await listChannels(redis));
      if (now !== channels) await stream.writeSSE({ event: "channels", data: now });
      channels = now;
      // The id comes after its messages: a cut in between sends them again.
      await stream.writeSSE({ event: "at", data: String(Date.now()), id: last });
      if (entries.length < batch) await woken;
    }
  });
}

function isBefore(id: string, other: string): boolean {
  const [ms = 0, count = 0] = id.split("-").map(Number);
  const [otherMs = 0, otherCount = 0] = other.split("-").map(Number);
  return ms < otherMs || (ms === otherMs && count < otherCount);
}

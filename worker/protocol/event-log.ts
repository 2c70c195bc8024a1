import type { Redis } from "ioredis";
import { eventSchema, type LoggedEvent } from "./events.ts";
import { keys } from "./keys.ts";

/** Events of a task after `afterId`, oldest first. */
export async function readEvents(
  redis: Redis,
  taskId: string,
  afterId = "0",
): Promise<readonly LoggedEvent[]> {
  const start = afterId === "0" ? "-" : `(${afterId}`;
  const entries = await redis.xrange(keys.events(taskId), start, "+");
  return entries.map(parseEntry);
}

/** One event by its id. */
export async function readEvent(
  redis: Redis,
  taskId: string,
  id: string,
): Promise<LoggedEvent | undefined> {
  const [entry] = await redis.xrange(keys.events(taskId), id, id);
  return entry === undefined ? undefined : parseEntry(entry);
}

/** Follows the log until `signal` aborts. */
export async function* streamEvents(
  redis: Redis,
  taskId: string,
  afterId: string,
  signal: AbortSignal,
): AsyncGenerator<LoggedEvent> {
  // A blocking read would hold back every other command of the shared connection.
  const own = redis.duplicate();
  own.on("error", () => {});
  const end = () => own.disconnect();
  signal.addEventListener("abort", end);
  try {
    let last = afterId;
    while (!signal.aborted) {
      const answer = await own
        .xread("BLOCK", 5_000, "STREAMS", keys.events(taskId), last)
        .catch((error: unknown) => {
          if (signal.aborted) return null;
          throw error;
        });
      for (const [, entries] of answer ?? []) {
        for (const entry of entries) {
          last = entry[0];
          yield parseEntry(entry);
        }
      }
    }
  } finally {
    signal.removeEventListener("abort", end);
    own.disconnect();
  }
}

function parseEntry([id, fields]: [id: string, fields: string[]]): LoggedEvent {
  const json = fields[fields.indexOf("json") + 1] ?? "{}";
  return { id, atMs: Number(id.split("-")[0]), event: eventSchema.parse(JSON.parse(json)) };
}

import { mkdir, open } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { Redis } from "ioredis";
import { taskIdSchema } from "../worker/protocol/ids.ts";
import { keys } from "../worker/protocol/keys.ts";

const batch = 64;
const safeName = /^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$/;

interface SinkParts {
  /** Control Redis: holds how far each log is on disk. */
  readonly redis: Redis;
  /** Bytes in transit. */
  readonly bytesRedis: Redis;
  readonly logs: string;
}

interface Chunk {
  readonly entry: string;
  readonly task: string;
  readonly name: string;
  readonly offset: number;
  readonly bytes: Buffer;
}

/**
 * Writes terminal bytes to their log files, each byte once and at its place: a chunk that was seen
 * is skipped, one that leaves a gap is dropped, and the worker sends again from what is
 * acknowledged, which is never more than what is on disk.
 */
export async function runLogSink(parts: SinkParts, signal: AbortSignal): Promise<void> {
  const own = parts.bytesRedis.duplicate();
  own.on("error", () => {});
  const end = () => own.disconnect();
  signal.addEventListener("abort", end);
  try {
    while (!signal.aborted) {
      // Handled entries are deleted, so the head is always what is next.
      const answer = await own
        .xreadBuffer("COUNT", batch, "BLOCK", 2_000, "STREAMS", keys.logStream, "0")
        .catch(() => sleep(500).then(() => null));
      const chunks = parseAnswer(answer);
      if (chunks.length === 0) continue;
      for (const [log, group] of groupByLog(chunks)) await writeChunks(parts, log, group);
      await parts.bytesRedis.xdel(keys.logStream, ...chunks.map((chunk) => chunk.entry));
    }
  } finally {
    signal.removeEventListener("abort", end);
    end();
  }
}

async function writeChunks(parts: SinkParts, log: string, chunks: readonly Chunk[]): Promise<void> {
  const [task = "", name = ""] = log.split("/");
  if (!taskIdSchema.safeParse(task).success || !safeName.test(name)) return;
  const folder = join(parts.logs, task);
  await mkdir(folder, { recursive: true });
  await using file = await open(join(folder, `${name}.log`), "a");
  let { size } = await file.stat();
  for (const { offset, bytes } of chunks) {
    const known = size - offset;
    if (known < 0 || known >= bytes.length) continue;
    const { bytesWritten } = await file.write(bytes, known);
    size += bytesWritten;
    if (bytesWritten < bytes.length - known) break;
  }
  await file.datasync();
  await parts.redis.set(keys.logAck(task, name), String(size));
}

function groupByLog(chunks: readonly Chunk[]): Map<string, Chunk[]> {
  return Map.groupBy(chunks, (chunk) => `${chunk.task}/${chunk.name}`);
}

function parseAnswer(answer: unknown): readonly Chunk[] {
  const streams = (answer ?? []) as [Buffer, [Buffer, Buffer[]][]][];
  return streams.flatMap(([, entries]) =>
    entries.map(([entry, fields]) => {
      const value = (name: string) => {
        for (let at = 0; at < fields.length; at += 2) {
          if (fields[at]?.toString() === name) return fields[at + 1] ?? Buffer.alloc(0);
        }
        return Buffer.alloc(0);
      };
      return {
        entry: entry.toString(),
        task: value("task").toString(),
        name: value("name").toString(),
        offset: Number(value("offset").toString()),
        bytes: value("bytes"),
      };
    }),
  );
}

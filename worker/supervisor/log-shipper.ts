import { open, readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import type { Redis } from "ioredis";
import { spoolFolder } from "../../sandbox/state-folder.ts";
import { keys } from "../protocol/keys.ts";
import type { RunContext } from "../runs/run-context.ts";

const everyMs = 200;
const chunkBytes = 256 * 1024;
/** Sent and not yet acknowledged, per log: bounds what a slow sink makes Redis hold. */
const windowBytes = 4 * 1024 * 1024;
const resendAfterMs = 5_000;

interface Progress {
  sent: number;
  acked: number;
  movedAtMs: number;
}

/**
 * Brings the spool files of this host's sandboxes to the log sink, by offset. The sink says how far
 * its file goes; what is not acknowledged in time is sent again from there, so bytes arrive once
 * and in order whoever dies.
 */
export function openLogShipper(context: RunContext, bytesRedis: Redis): AsyncDisposable {
  const progress = new Map<string, Progress>();
  let ended = false;
  const loop = (async () => {
    while (!ended) {
      try {
        await shipAll(context, bytesRedis, progress);
      } catch (error) {
        context.log.warn({ err: error }, "shipping logs");
      }
      await new Promise((resolve) => setTimeout(resolve, everyMs));
    }
  })();
  return {
    async [Symbol.asyncDispose]() {
      ended = true;
      await loop;
      // What was said in the last moments.
      await shipAll(context, bytesRedis, progress).catch(() => {});
    },
  };
}

async function shipAll(
  context: RunContext,
  bytesRedis: Redis,
  progress: Map<string, Progress>,
): Promise<void> {
  const { folder } = context.config;
  const ids = await readdir(folder.sandboxes).catch(() => []);
  // A folder under another name is on its way out.
  for (const id of ids.filter((name) => !name.startsWith("."))) {
    const spool = spoolFolder(folder, id);
    const names = await readdir(spool).catch(() => []);
    for (const name of names.filter((file) => file.endsWith(".out"))) {
      await shipOne(
        context,
        bytesRedis,
        id,
        name.slice(0, -".out".length),
        join(spool, name),
        progress,
      );
    }
  }
}

async function shipOne(
  context: RunContext,
  bytesRedis: Redis,
  task: string,
  name: string,
  path: string,
  all: Map<string, Progress>,
): Promise<void> {
  const key = `${task}/${name}`;
  const { size } = await stat(path);
  const known = all.get(key);
  if (known !== undefined && known.acked === size) return;
  const acked = Number((await context.redis.get(keys.logAck(task, name))) ?? 0);
  const nowMs = Date.now();
  const progress = known ?? { sent: acked, acked, movedAtMs: nowMs };
  all.set(key, progress);
  if (acked > progress.acked) progress.movedAtMs = nowMs;
  progress.acked = acked;
  if (progress.sent > acked && nowMs - progress.movedAtMs > resendAfterMs) {
    progress.sent = acked;
    progress.movedAtMs = nowMs;
  }
  const end = Math.min(size, acked + windowBytes);
  if (progress.sent >= end) return;
  await using file = await open(path, "r");
  while (progress.sent < end) {
    const length = Math.min(chunkBytes, end - progress.sent);
    const { bytesRead, buffer } = await file.read(Buffer.alloc(length), 0, length, progress.sent);
    if (bytesRead === 0) return;
    const bytes = buffer.subarray(0, bytesRead);
    await bytesRedis.xadd(
      keys.logStream,
      "*",
      "task",
      task,
      "name",
      name,
      "offset",
      String(progress.sent),
      "bytes",
      bytes,
    );
    progress.sent += bytesRead;
  }
}

import { open, readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { type StateFolder, spoolFolder } from "../../sandbox/state-folder.ts";

/** Raw output of one program that worked on a task. */
export interface TaskLogFile {
  readonly name: string;
  readonly path: string;
  readonly bytes: number;
  readonly changedMs: number;
}

/**
 * The raw logs of a task on this host, oldest first: the spool where the sandbox still has it, else
 * the file that the log sink keeps.
 */
export async function listTaskLogs(
  folder: StateFolder,
  taskId: string,
): Promise<readonly TaskLogFile[]> {
  const spool = spoolFolder(folder, taskId);
  const kept = join(folder.logs, taskId);
  const found = [...(await list(spool, ".out")), ...(await list(kept, ".log"))];
  const byName = new Map<string, TaskLogFile>();
  for (const file of found) {
    const known = byName.get(file.name);
    if (known === undefined || file.bytes > known.bytes) byName.set(file.name, file);
  }
  return [...byName.values()].sort((a, b) => a.changedMs - b.changedMs);
}

async function list(folder: string, ending: string): Promise<readonly TaskLogFile[]> {
  const names = (await readdir(folder).catch(() => [])).filter((name) => name.endsWith(ending));
  return Promise.all(
    names.map(async (name) => {
      const path = join(folder, name);
      const { size, mtimeMs } = await stat(path);
      return { name: name.slice(0, -ending.length), path, bytes: size, changedMs: mtimeMs };
    }),
  );
}

const pollMs = 100;
const chunkBytes = 64 * 1024;

/** Bytes of a growing file from an offset on, until `isOver` says so and all is read. */
export async function* readGrowing(
  path: string,
  offset: number,
  isOver: () => boolean,
): AsyncGenerator<Buffer> {
  await using file = await open(path, "r");
  let at = offset;
  for (;;) {
    const over = isOver();
    const { bytesRead, buffer } = await file.read(Buffer.alloc(chunkBytes), 0, chunkBytes, at);
    if (bytesRead > 0) {
      at += bytesRead;
      yield buffer.subarray(0, bytesRead);
      continue;
    }
    if (over) return;
    await sleep(pollMs);
  }
}

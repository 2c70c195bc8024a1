import { open, readFile } from "node:fs/promises";
import { KeeperLostError } from "../errors.ts";
import type { Exit, SandboxProcess } from "../spec.ts";
import type { KeeperClient } from "./client.ts";
import type { ProcessState } from "./protocol.ts";
import { spoolPaths } from "./spool.ts";

const readChunkBytes = 256 * 1024;
/** Base64 of this still fits into one line. */
const writeChunkBytes = 512 * 1024;

/** A handle on a spooled process: bytes come from its file, the keeper only wakes the reader. */
export function openProcessHandle(
  client: KeeperClient,
  place: { readonly sandboxId: string; readonly spoolFolder: string },
  state: ProcessState,
): SandboxProcess {
  const { name } = state;
  const paths = spoolPaths(place.spoolFolder, name);
  const exited = Promise.withResolvers<Exit>();
  let size = state.size;
  let exit = state.exit;
  let wake = Promise.withResolvers<void>();
  function rouse(): void {
    wake.resolve();
    wake = Promise.withResolvers<void>();
  }
  if (exit !== undefined) exited.resolve(exit);
  // Nobody may be waiting for the exit.
  exited.promise.catch(() => undefined);
  let isLost = false;
  const stop = client.onEvent((event) => {
    if (event.event === "ports" || event.event === "stopped" || event.name !== name) return;
    size = Math.max(size, event.size);
    if (event.event === "exit") {
      exit = event.exit;
      exited.resolve(event.exit);
      stop();
    }
    rouse();
  });
  void client.gone.then(() => {
    isLost = true;
    if (exit === undefined) exited.reject(new KeeperLostError(place.sandboxId));
    rouse();
  });

  async function* output(
    fromOffset: number,
    signal?: AbortSignal,
  ): AsyncGenerator<{ readonly offset: number; readonly bytes: Buffer }> {
    await using file = await open(paths.out, "r");
    const aborted = Promise.withResolvers<void>();
    signal?.addEventListener("abort", () => aborted.resolve(), { once: true });
    for (let offset = fromOffset; !signal?.aborted; ) {
      // Both before the read: what is written after it wakes us.
      const woken = wake.promise;
      const isEnded = exit !== undefined || isLost;
      const { bytesRead, buffer } = await file.read(
        Buffer.alloc(readChunkBytes),
        0,
        readChunkBytes,
        offset,
      );
      if (bytesRead > 0) {
        yield { offset, bytes: buffer.subarray(0, bytesRead) };
        offset += bytesRead;
        continue;
      }
      if (isEnded) return;
      await Promise.race([woken, aborted.promise]);
    }
  }

  return {
    name,
    spoolPath: paths.out,
    output,
    inputSoFar: () => readFile(paths.in).catch(() => Buffer.alloc(0)),
    async write(bytes) {
      const all = Buffer.from(bytes as Uint8Array);
      for (let from = 0; from < all.length; from += writeChunkBytes) {
        const base64 = all.subarray(from, from + writeChunkBytes).toString("base64");
        await client.request({ op: "write", name, base64 });
      }
    },
    async closeInput() {
      await client.request({ op: "closeInput", name });
    },
    async resize(columns, rows) {
      await client.request({ op: "resize", name, columns, rows });
    },
    async kill(signal) {
      await client.request({ op: "kill", name, signal });
    },
    exited: () => exited.promise,
  };
}

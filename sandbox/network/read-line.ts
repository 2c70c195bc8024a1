import type { Socket } from "node:net";

/** A peer said nothing in time, too much, or went away before its first line was complete. */
export class FirstLineError extends Error {
  override readonly name = "FirstLineError";
}

/**
 * Reads the first line of a connection and gives the bytes after it back to the socket, paused:
 * a flowing socket without a reader loses bytes.
 */
export function readLine(
  socket: Socket,
  limits: { readonly maxBytes: number; readonly timeoutMs: number },
): Promise<string> {
  return new Promise((resolve, reject) => {
    let seen: Buffer = Buffer.alloc(0);
    const timer = setTimeout(() => fail("silent for too long"), limits.timeoutMs);
    function settle(): void {
      clearTimeout(timer);
      socket.pause();
      socket.off("data", onData).off("end", onEnd).off("close", onEnd).off("error", onEnd);
    }
    function fail(reason: string): void {
      settle();
      reject(new FirstLineError(`first line of a connection: ${reason}`));
    }
    function onEnd(): void {
      fail("ended before it was complete");
    }
    function onData(chunk: Buffer): void {
      seen = seen.length === 0 ? chunk : Buffer.concat([seen, chunk]);
      const newline = seen.indexOf(10);
      if (newline < 0 && seen.length <= limits.maxBytes) return;
      if (newline < 0 || newline > limits.maxBytes) {
        fail("too long");
        return;
      }
      settle();
      if (newline + 1 < seen.length) socket.unshift(seen.subarray(newline + 1));
      resolve(seen.toString("utf8", 0, newline));
    }
    socket.on("data", onData).on("end", onEnd).on("close", onEnd).on("error", onEnd);
  });
}

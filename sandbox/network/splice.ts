import type { Socket } from "node:net";
import type { Transform } from "node:stream";

/** What a splice may be told beside its two ends. */
export interface SpliceOptions {
  /** A peer that neither sends nor takes a byte for this long is cut. */
  readonly idleTimeoutMs?: number;
  /** Sees each chunk's length. */
  readonly onBytes?: (direction: "up" | "down", bytes: number) => void;
  /** A stream to put between, for each direction. */
  readonly between?: () => Transform | undefined;
}

/**
 * Joins two connections until both have ended; an end on one side is an end on the other, an error
 * on one destroys the other. Both sockets must allow being half open.
 */
export function splice(left: Socket, right: Socket, options: SpliceOptions = {}): Promise<void> {
  const { idleTimeoutMs = 0, onBytes, between } = options;
  return new Promise((resolve) => {
    let open = 2;
    for (const [from, to, direction] of [
      [left, right, "up"],
      [right, left, "down"],
    ] as const) {
      const middle = between?.();
      from.setTimeout(idleTimeoutMs, () => from.destroy());
      from.on("error", () => from.destroy());
      from.once("close", () => {
        // What was read but not yet written still goes out after an orderly end.
        if (!from.readableEnded) to.destroy();
        else if (middle === undefined || middle.readableEnded) to.destroySoon();
        else middle.once("end", () => to.destroySoon());
        if (!from.readableEnded) middle?.destroy();
        open -= 1;
        if (open === 0) resolve();
      });
      if (onBytes !== undefined) from.on("data", (chunk) => onBytes(direction, chunk.length));
      if (middle === undefined) from.pipe(to);
      else from.pipe(middle).pipe(to);
    }
    if (left.destroyed) right.destroy();
    if (right.destroyed) left.destroy();
  });
}

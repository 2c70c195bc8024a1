import type { Socket } from "node:net";

/**
 * Joins two connections until both have ended; an end on one side is an end on the other, an error
 * on one destroys the other. Both sockets must allow being half open.
 */
export function splice(left: Socket, right: Socket, idleTimeoutMs = 0): Promise<void> {
  return new Promise((resolve) => {
    let open = 2;
    for (const [from, to] of [
      [left, right],
      [right, left],
    ] as const) {
      from.setTimeout(idleTimeoutMs, () => from.destroy());
      from.on("error", () => from.destroy());
      from.once("close", () => {
        // What was read but not yet written still goes out after an orderly end.
        if (from.readableEnded) to.destroySoon();
        else to.destroy();
        open -= 1;
        if (open === 0) resolve();
      });
      from.pipe(to);
    }
    if (left.destroyed) right.destroy();
    if (right.destroyed) left.destroy();
  });
}

import { connect } from "node:net";

/** What the server says for itself. `none`: nobody listens. */
export type RedisAnswer = "ready" | "loading" | "none";

/** Asks once, over a connection of its own and without any client's retries. */
export async function pingRedis(socketPath: string, timeoutMs: number): Promise<RedisAnswer> {
  const { promise, resolve } = Promise.withResolvers<RedisAnswer>();
  const socket = connect(socketPath);
  let said = "";
  socket.setTimeout(timeoutMs, () => resolve("none"));
  socket.on("error", () => resolve("none"));
  socket.on("close", () => resolve("none"));
  socket.on("connect", () => socket.write("PING\r\n"));
  socket.on("data", (chunk: Buffer) => {
    said += chunk.toString("latin1");
    if (!said.includes("\r\n")) return;
    // Anything but PONG comes from a server that is not there yet: -LOADING, -MASTERDOWN.
    resolve(said.startsWith("+PONG") ? "ready" : "loading");
  });
  try {
    return await promise;
  } finally {
    socket.destroy();
  }
}

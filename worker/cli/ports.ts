import { connect, createServer } from "node:net";
import { CliError, exitCodes } from "./exit-codes.ts";

/** Refuses with a sentence when another program has the port on loopback. */
export async function requireFreePort(port: number, what: string, instead: string): Promise<void> {
  const server = createServer();
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  server.once("error", reject);
  server.listen({ port, host: "127.0.0.1", exclusive: true }, resolve);
  try {
    await promise;
  } catch (cause) {
    const code = cause instanceof Error && "code" in cause ? String(cause.code) : "";
    const why = code === "EADDRINUSE" ? "is taken by another program" : `cannot be used (${code})`;
    throw new CliError(exitCodes.host, `Port ${port} for ${what} ${why}; ${instead}.`, { cause });
  } finally {
    server.close();
  }
}

/** The wished port, or any free one where another program has it. */
export async function chooseFreePort(wished: number): Promise<number> {
  for (const port of [wished, 0]) {
    const server = createServer();
    const { promise, resolve } = Promise.withResolvers<number | undefined>();
    server.once("error", () => resolve(undefined));
    server.listen({ port, host: "127.0.0.1", exclusive: true }, () => {
      const address = server.address();
      resolve(address !== null && typeof address === "object" ? address.port : undefined);
    });
    const found = await promise;
    server.close();
    if (found !== undefined) return found;
  }
  throw new CliError(exitCodes.host, "No port is free on 127.0.0.1.");
}

/** Whether something listens there on loopback. */
export function answersOn(port: number): Promise<boolean> {
  const { promise, resolve } = Promise.withResolvers<boolean>();
  const socket = connect({ port, host: "127.0.0.1" });
  socket.once("connect", () => resolve(true));
  socket.once("error", () => resolve(false));
  return promise.finally(() => socket.destroy());
}

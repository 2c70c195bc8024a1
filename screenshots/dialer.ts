import { connect, type Socket } from "node:net";

const MAX_ANSWER_BYTES = 500;

/** The task's dialer said no, or nothing. */
export class DialError extends Error {
  override readonly name = "DialError";
  readonly port: number;

  constructor(port: number, message: string, options?: ErrorOptions) {
    super(message, options);
    this.port = port;
  }
}

/** Opens a connection to a port on the task's loopback, through its dialer. */
export async function dial(
  dialerPath: string,
  port: number,
  options: { readonly timeoutMs: number; readonly signal: AbortSignal },
): Promise<Socket> {
  options.signal.throwIfAborted();
  const socket = connect({ path: dialerPath, allowHalfOpen: true });
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  const fail = (why: string, cause?: unknown) =>
    reject(new DialError(port, `port ${port} of the sandbox: ${why}`, { cause }));
  const onAbort = () => fail("given up");
  const onError = (error: Error) => fail("the sandbox cannot be reached", error);
  const onEnd = () => fail("the sandbox hung up");
  let answer = Buffer.alloc(0);
  // Paused reading: what follows the newline belongs to whoever gets the socket.
  const onReadable = () => {
    for (let chunk = socket.read(); chunk !== null; chunk = socket.read()) {
      answer = Buffer.concat([answer, chunk]);
      const end = answer.indexOf(0x0a);
      if (end >= 0) {
        socket.off("readable", onReadable);
        if (end + 1 < answer.length) socket.unshift(answer.subarray(end + 1));
        resolve(answer.subarray(0, end).toString());
        return;
      }
      if (answer.length > MAX_ANSWER_BYTES) return fail("the dialer answered nonsense");
    }
  };
  socket.on("readable", onReadable);
  socket.on("error", onError);
  socket.on("end", onEnd);
  socket.setTimeout(options.timeoutMs, () => fail("no answer"));
  options.signal.addEventListener("abort", onAbort, { once: true });
  socket.write(`${port}\n`);
  try {
    const line = await promise;
    if (line !== "OK") {
      throw new DialError(port, `port ${port} of the sandbox: ${line.replace(/^ERR ?/, "")}`);
    }
    return socket;
  } catch (error) {
    socket.destroy();
    throw error;
  } finally {
    socket.off("readable", onReadable);
    socket.off("end", onEnd);
    socket.setTimeout(0);
    options.signal.removeEventListener("abort", onAbort);
    // The error listener stays until another one is there, else a late reset ends the process.
  }
}

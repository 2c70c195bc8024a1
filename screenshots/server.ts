import { chmod, rm } from "node:fs/promises";
import { createServer, type Socket } from "node:net";
import type { WarmBrowser } from "./browser.ts";
import { capture } from "./capture.ts";
import {
  type AnswerHeader,
  type Capture,
  CaptureError,
  type CaptureRequest,
  captureRequestSchema,
} from "./protocol.ts";
import type { Slots } from "./slots.ts";

const MAX_REQUEST_BYTES = 20_000;
const MAX_CONNECTIONS = 100;

/** Serves captures on a unix socket: a request line in, a header line and the PNGs out. */
export async function serveCaptures(options: {
  readonly socketPath: string;
  readonly warm: WarmBrowser;
  readonly slots: Slots;
  readonly log: (line: string) => void;
}): Promise<AsyncDisposable> {
  const sockets = new Set<Socket>();
  // A caller that ends its side has given up.
  const server = createServer((socket) => {
    sockets.add(socket);
    const gone = new AbortController();
    socket.on("error", () => socket.destroy());
    socket.on("close", () => {
      sockets.delete(socket);
      gone.abort(new CaptureError("internal", "The caller went away."));
    });
    answer(socket, options, gone.signal).catch((error) => {
      options.log(`answering a capture failed: ${error}`);
      socket.destroy();
    });
  });
  server.maxConnections = MAX_CONNECTIONS;
  await rm(options.socketPath, { force: true });
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(options.socketPath, resolve);
  });
  await chmod(options.socketPath, 0o600);
  return {
    async [Symbol.asyncDispose]() {
      const closed = new Promise((resolve) => server.close(resolve));
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
}

async function answer(
  socket: Socket,
  options: Parameters<typeof serveCaptures>[0],
  gone: AbortSignal,
): Promise<void> {
  const line = await readLine(socket);
  if (line === undefined) return void socket.destroy();
  try {
    const request = parseRequest(line);
    const result = await captureInTime(request, options, gone);
    const { shots, ...rest } = result;
    const header: AnswerHeader = {
      ok: true,
      ...rest,
      consoleErrors: [...rest.consoleErrors],
      failedRequests: [...rest.failedRequests],
      remarks: [...rest.remarks],
      shots: shots.map(({ png, ...shot }) => ({ ...shot, bytes: png.length })),
    };
    socket.write(`${JSON.stringify(header)}\n`);
    for (const { png } of shots) socket.write(png);
    socket.end();
  } catch (error) {
    const { reason, message } =
      error instanceof CaptureError
        ? error
        : new CaptureError("internal", "The picture could not be taken.");
    if (!gone.aborted) options.log(`no picture (${reason}): ${message} ${describeCause(error)}`);
    const header: AnswerHeader = { ok: false, reason, message };
    socket.end(`${JSON.stringify(header)}\n`);
  }
}

/** One deadline over all of it, and a second try when the browser died under the first. */
async function captureInTime(
  request: CaptureRequest,
  { warm, slots }: Parameters<typeof serveCaptures>[0],
  gone: AbortSignal,
): Promise<Capture> {
  const late = new AbortController();
  const seconds = Math.round(request.deadlineMs / 100) / 10;
  const timer = setTimeout(
    () => late.abort(new CaptureError("deadline", `No picture within ${seconds} s.`)),
    request.deadlineMs,
  );
  const signal = AbortSignal.any([late.signal, gone]);
  const endMs = Date.now() + request.deadlineMs;
  try {
    using _place = await slots.take(request.dialerPath, signal);
    const left = () => ({ ...request, deadlineMs: Math.max(0, endMs - Date.now()) });
    try {
      return await capture(warm, left(), signal);
    } catch (error) {
      if (!(error instanceof CaptureError) || error.reason !== "browser-died") throw error;
      return await capture(warm, left(), signal);
    }
  } finally {
    clearTimeout(timer);
  }
}

function parseRequest(line: string): CaptureRequest {
  try {
    return captureRequestSchema.parse(JSON.parse(line));
  } catch (error) {
    throw new CaptureError("bad-request", "The capture request is malformed.", { cause: error });
  }
}

async function readLine(socket: Socket): Promise<string | undefined> {
  const { promise, resolve } = Promise.withResolvers<string | undefined>();
  let text = "";
  const onData = (chunk: Buffer) => {
    text += chunk.toString("utf8");
    const end = text.indexOf("\n");
    if (end >= 0) resolve(text.slice(0, end));
    else if (text.length > MAX_REQUEST_BYTES) resolve(undefined);
  };
  socket.on("data", onData);
  socket.on("close", () => resolve(undefined));
  const line = await promise;
  socket.off("data", onData);
  // Reading goes on, else a caller's hanging up is not noticed.
  socket.resume();
  return line;
}

function describeCause(error: unknown): string {
  const cause = error instanceof Error ? error.cause : undefined;
  return cause instanceof Error ? `[${cause.message.split("\n", 3).join(" ")}]` : "";
}

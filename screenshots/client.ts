import { connect } from "node:net";
import { settledWithin } from "./deadline.ts";
import { answerHeaderSchema, type Capture, CaptureError, type CaptureRequest } from "./protocol.ts";

const MAX_ANSWER_BYTES = 64_000_000;
/** The service keeps the deadline itself; this is for one that hangs. */
const GRACE_MS = 3_000;
const RETRY_MS = 500;

/** Takes pictures of what a sandbox serves. */
export interface Screenshots {
  /** Throws a CaptureError, whose message is for people. */
  capture(request: CaptureRequest, signal?: AbortSignal): Promise<Capture>;
}

/** Client of the service behind a socket. Nothing is opened before the first capture. */
export function openScreenshots(socketPath: string): Screenshots {
  return {
    async capture(request, signal) {
      const endMs = Date.now() + request.deadlineMs;
      for (;;) {
        const left = { ...request, deadlineMs: Math.max(100, endMs - Date.now()) };
        try {
          return parseAnswer(await exchange(socketPath, left, signal));
        } catch (error) {
          // The service is being started again: its socket is away for a moment.
          if (!(error instanceof UnreachableError) || Date.now() + RETRY_MS > endMs) {
            throw error instanceof UnreachableError
              ? new CaptureError("busy", "The service for pictures is not there.", { cause: error })
              : error;
          }
          await settledWithin(new Promise(() => {}), RETRY_MS);
          signal?.throwIfAborted();
        }
      }
    },
  };
}

class UnreachableError extends Error {
  override readonly name = "UnreachableError";
}

async function exchange(
  socketPath: string,
  request: CaptureRequest,
  signal: AbortSignal | undefined,
): Promise<Buffer> {
  signal?.throwIfAborted();
  const socket = connect(socketPath);
  const { promise, resolve, reject } = Promise.withResolvers<Buffer>();
  const chunks: Buffer[] = [];
  let bytes = 0;
  const timer = setTimeout(
    () => reject(new CaptureError("deadline", "The service for pictures does not answer.")),
    request.deadlineMs + GRACE_MS,
  );
  const onAbort = () => reject(signal?.reason);
  signal?.addEventListener("abort", onAbort, { once: true });
  socket.on("data", (chunk) => {
    chunks.push(chunk);
    bytes += chunk.length;
    if (bytes > MAX_ANSWER_BYTES)
      reject(new CaptureError("internal", "The pictures are too large."));
  });
  socket.on("end", () => {
    if (bytes > 0) resolve(Buffer.concat(chunks));
    else reject(new UnreachableError("the service hung up"));
  });
  socket.on("error", (cause) => reject(new UnreachableError("no service", { cause })));
  socket.on("close", () => reject(new UnreachableError("the service hung up")));
  socket.write(`${JSON.stringify({ version: 1, ...request })}\n`);
  try {
    return await promise;
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener("abort", onAbort);
    socket.destroy();
  }
}

function parseAnswer(answer: Buffer): Capture {
  const lineEnd = answer.indexOf(0x0a);
  const header = answerHeaderSchema.parse(JSON.parse(answer.toString("utf8", 0, lineEnd)));
  if (!header.ok) throw new CaptureError(header.reason, header.message);
  let offset = lineEnd + 1;
  const shots = header.shots.map(({ bytes, ...shot }) => {
    const png = answer.subarray(offset, offset + bytes);
    offset += bytes;
    if (png.length !== bytes) throw new CaptureError("internal", "A picture came in part only.");
    return { ...shot, png };
  });
  return { ...header, shots };
}

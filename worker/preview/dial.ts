import { connect, type Socket } from "node:net";

/** Why there is no connection into a sandbox. */
export class DialError extends Error {
  override readonly name = "DialError";
  /** `asleep`: there is no sandbox. `closed`: nothing listens on that port of it. */
  readonly reason: "asleep" | "closed";
  constructor(reason: "asleep" | "closed", port: number) {
    super(reason === "asleep" ? "the sandbox is not there" : `nothing listens on port ${port}`);
    this.reason = reason;
  }
}

const answerTimeoutMs = 12_000;
const maxAnswerBytes = 256;

/** Connects to a port of the sandbox's own 127.0.0.1 (or ::1); the socket comes paused. */
export function dialInside(dialerPath: string, port: number): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect({ path: dialerPath, allowHalfOpen: true });
    let seen: Buffer = Buffer.alloc(0);
    const timer = setTimeout(() => fail("closed"), answerTimeoutMs);
    function settle(): void {
      clearTimeout(timer);
      socket.pause();
      socket.off("data", onData).off("end", onEnd).off("error", onError);
      socket.on("error", () => socket.destroy());
    }
    function fail(reason: "asleep" | "closed"): void {
      settle();
      socket.destroy();
      reject(new DialError(reason, port));
    }
    function onEnd(): void {
      fail("asleep");
    }
    function onError(): void {
      fail("asleep");
    }
    function onData(chunk: Buffer): void {
      seen = Buffer.concat([seen, chunk]);
      const newline = seen.indexOf(10);
      if (newline < 0 && seen.length <= maxAnswerBytes) return;
      if (seen.toString("latin1", 0, Math.max(newline, 0)) !== "OK") {
        fail("closed");
        return;
      }
      settle();
      if (newline + 1 < seen.length) socket.unshift(seen.subarray(newline + 1));
      resolve(socket);
    }
    socket.on("data", onData).on("end", onEnd).on("error", onError);
    socket.write(`${port}\n`);
  });
}

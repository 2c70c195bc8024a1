import { Agent } from "node:http";
import type { Duplex } from "node:stream";
import { dialInside } from "./dial.ts";

/** Makes http's connections through one sandbox's dialer, whatever the host is called. */
export class DialerAgent extends Agent {
  readonly #dialerPath: string;
  readonly #port: number;

  constructor(dialerPath: string, port: number) {
    super({ keepAlive: false });
    this.#dialerPath = dialerPath;
    this.#port = port;
  }

  override createConnection(
    _options: unknown,
    done: (error: Error | null, socket: Duplex) => void,
  ): undefined {
    dialInside(this.#dialerPath, this.#port).then(
      (socket) => {
        done(null, socket);
        // It came paused; by now the request reads it.
        setImmediate(() => socket.resume());
      },
      (error: Error) => done(error, undefined as never),
    );
    return undefined;
  }
}

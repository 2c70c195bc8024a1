import { Agent } from "node:http";
import type { Socket } from "node:net";
import type { Duplex } from "node:stream";
import type { EgressAnswer, EgressRequest } from "./egress-protocol.ts";
import { openEgress, type RelayContext } from "./relay-context.ts";

/** The host would not, or could not, open the connection. */
export class EgressError extends Error {
  override readonly name = "EgressError";
  readonly answer: Extract<EgressAnswer, { ok: false }>;
  constructor(answer: Extract<EgressAnswer, { ok: false }>) {
    super(answer.sentence);
    this.answer = answer;
  }
}

/** Keeps one connection to one name for one client; a proxy gets a new one for each request. */
export class EgressAgent extends Agent {
  readonly #context: RelayContext;
  readonly #request: EgressRequest;
  readonly #onceOnly = new WeakSet<Duplex>();

  constructor(context: RelayContext, request: EgressRequest) {
    super({ keepAlive: true, maxSockets: 1, maxFreeSockets: 1 });
    this.#context = context;
    this.#request = request;
  }

  override createConnection(
    _options: unknown,
    done: (error: Error | null, socket: Duplex) => void,
  ): undefined {
    void openEgress(this.#context, this.#request).then((egress) => {
      if (!egress.ok) return done(new EgressError(egress), undefined as unknown as Socket);
      if (egress.via === "proxy") this.#onceOnly.add(egress.socket);
      done(null, egress.socket);
      // It came paused; by now the request reads it.
      setImmediate(() => egress.socket.resume());
    });
    return undefined;
  }

  override keepSocketAlive(socket: Duplex): boolean {
    if (this.#onceOnly.has(socket)) return false;
    super.keepSocketAlive(socket);
    return true;
  }
}

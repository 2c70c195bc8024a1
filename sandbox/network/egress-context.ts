import type { Socket } from "node:net";
import type { EgressLimits, EgressPolicy, EgressRule } from "../spec.ts";
import type { CommandsInside } from "./commands-inside.ts";
import type { EgressBook } from "./egress-book.ts";
import type { Destination, HostSettings } from "./egress-policy.ts";
import type { EgressAnswer } from "./egress-protocol.ts";
import type { Ledger } from "./ledger.ts";
import type { TrafficGate } from "./traffic-gate.ts";
import type { Resolve } from "./upstream.ts";

/** A connection that is let out, and how to end it. */
export interface LiveConnection {
  readonly to: Destination;
  cut(): void;
}

/** The trust boundary of the network: what comes in here was written by the sandbox's side. */
export interface EgressOptions {
  readonly path: string;
  readonly policy: EgressPolicy;
  readonly limits: EgressLimits;
  readonly host: HostSettings;
  readonly forwards: readonly { readonly port: number; readonly socketPath: string }[];
  /** Ranges that the administrator allows beyond the built-in list. */
  readonly allowedRanges: readonly string[];
  readonly ledger: Ledger;
  readonly book: EgressBook;
  readonly commands: CommandsInside;
  readonly resolve: Resolve;
  readonly idleTimeoutMs: number;
}

/** What each connection is served with. */
export interface EgressContext extends EgressOptions {
  readonly gate: TrafficGate;
  /** Connections that are let out now. */
  readonly live: Set<LiveConnection>;
  rules(): readonly EgressRule[];
}

/** The one line that the relay waits for. */
export function answer(client: Socket, words: EgressAnswer): void {
  const line = `${JSON.stringify(words)}\n`;
  if (words.ok) client.write(line);
  else client.end(line, () => client.destroySoon());
}

import { closeSync, fstatSync, openSync, writeSync } from "node:fs";

/** One fact about a sandbox's network: a question, a connection, a request, or a refusal. */
export interface LedgerEntry {
  readonly ts: string;
  readonly task: string;
  readonly kind: "dns" | "connection" | "request" | "forward" | "ledger";
  readonly host: string;
  readonly port: number;
  readonly decision: "allowed" | "refused" | "unreachable" | "answered" | "full";
  /** By what it was decided: an entry of the list, `registry of this host`, a person. */
  readonly rule?: string;
  /** Known for plain http alone: TLS is not opened. For a question: its type. */
  readonly method?: string;
  readonly status?: number;
  /** The sentence that the sandbox was told. */
  readonly reason?: string;
  readonly bytesUp?: number;
  readonly bytesDown?: number;
  readonly ms?: number;
  /** Command line inside that asked, without what may be secret. */
  readonly command?: string;
}

/** What is known when an entry is written. */
export type LedgerFact = Omit<LedgerEntry, "ts" | "task">;

/** Append-only file of entries, one JSON line each; bounded, and the last line says so. */
export interface Ledger extends Disposable {
  /** The entry is the kernel's when this returns: no death of ours loses it. */
  write(fact: LedgerFact): void;
}

/** What asks without end must not fill the host's disk. */
const maxLedgerBytes = 32 * 2 ** 20;

/** Opens the file for appending; a disk that takes no more costs entries, never the network. */
export function openLedger(path: string, task: string, maxBytes = maxLedgerBytes): Ledger {
  const fd = openSync(path, "a", 0o600);
  let room = maxBytes - fstatSync(fd).size;
  function append(fact: LedgerFact): number {
    const line = `${JSON.stringify({ ts: new Date().toISOString(), task, ...fact })}\n`;
    try {
      return writeSync(fd, line);
    } catch {
      return 0;
    }
  }
  return {
    write(fact) {
      if (room <= 0) return;
      room -= append(fact);
      if (room <= 0) append({ kind: "ledger", host: "", port: 0, decision: "full" });
    },
    [Symbol.dispose]() {
      room = 0;
      closeSync(fd);
    },
  };
}

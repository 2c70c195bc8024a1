import { closeSync, fstatSync, openSync, renameSync, writeSync } from "node:fs";

/** One fact about a sandbox's network: a question, a connection, a request, or a refusal. */
export interface LedgerEntry {
  readonly ts: string;
  readonly task: string;
  readonly kind: "dns" | "connection" | "request" | "forward";
  readonly host: string;
  readonly port: number;
  readonly decision: "allowed" | "refused" | "unreachable" | "answered";
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

/** Append-only file of entries, one JSON line each; two files at most, of which the older goes. */
export interface Ledger extends Disposable {
  /** The entry is the kernel's when this returns: no death of ours loses it. */
  write(fact: LedgerFact): void;
}

/** What asks without end must not fill the host's disk, and must not keep later entries out. */
const maxFileBytes = 16 * 2 ** 20;

/** Opens the file for appending; a disk that takes no more costs entries, never the network. */
export function openLedger(path: string, task: string, maxBytes = maxFileBytes): Ledger {
  let fd = openSync(path, "a", 0o600);
  let size = fstatSync(fd).size;
  let isClosed = false;
  function turnOver(): void {
    renameSync(path, olderLedger(path));
    const next = openSync(path, "a", 0o600);
    closeSync(fd);
    fd = next;
    size = 0;
  }
  return {
    write(fact) {
      if (isClosed) return;
      const line = `${JSON.stringify({ ts: new Date().toISOString(), task, ...fact })}\n`;
      try {
        if (size >= maxBytes) turnOver();
        size += writeSync(fd, line);
      } catch {
        // The next one is tried again.
      }
    },
    [Symbol.dispose]() {
      isClosed = true;
      closeSync(fd);
    },
  };
}

/** Where the entries before those of the file are, if there were so many. */
export function olderLedger(path: string): string {
  return `${path}.1`;
}

import { createWriteStream } from "node:fs";
import { stat } from "node:fs/promises";

/** One fact about a sandbox's network: a question, a connection, a request, or a refusal. */
export interface LedgerEntry {
  readonly ts: string;
  readonly kind: "dns" | "connection" | "request" | "forward" | "ledger";
  readonly host: string;
  readonly port: number;
  readonly decision: "allowed" | "refused" | "unreachable" | "answered" | "full";
  /** Known for plain http alone: TLS is not opened. */
  readonly method?: string;
  readonly status?: number;
  readonly reason?: string;
  readonly bytesUp?: number;
  readonly bytesDown?: number;
  readonly ms?: number;
}

/** Append-only file of entries, one JSON line each; bounded, and the last line says so. */
export interface Ledger extends AsyncDisposable {
  write(entry: Omit<LedgerEntry, "ts">): void;
}

/** What asks without end must not fill the host's disk. */
const maxLedgerBytes = 32 * 2 ** 20;
const maxQueuedBytes = 2 ** 20;

/** Opens the file for appending; entries are lost, not waited for, when the disk is too slow. */
export async function openLedger(path: string, maxBytes = maxLedgerBytes): Promise<Ledger> {
  const before = await stat(path).catch(() => undefined);
  let room = maxBytes - (before?.size ?? 0);
  const stream = createWriteStream(path, { flags: "a", mode: 0o600 });
  stream.on("error", () => {
    room = 0;
  });
  function append(entry: Omit<LedgerEntry, "ts">): number {
    const line = `${JSON.stringify({ ts: new Date().toISOString(), ...entry })}\n`;
    stream.write(line);
    return Buffer.byteLength(line);
  }
  return {
    write(entry) {
      if (room <= 0 || stream.writableLength > maxQueuedBytes) return;
      room -= append(entry);
      if (room <= 0) append({ kind: "ledger", host: "", port: 0, decision: "full" });
    },
    [Symbol.asyncDispose]: () =>
      new Promise<void>((resolve) => {
        if (stream.closed || stream.destroyed) return resolve();
        stream.once("close", () => resolve()).end();
      }),
  };
}

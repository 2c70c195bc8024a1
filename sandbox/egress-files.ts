import { readFile, stat } from "node:fs/promises";
import { sandboxPaths } from "./keeper-paths.ts";
import { type EgressState, noEgress } from "./network/egress-state.ts";
import { type LedgerEntry, olderLedger } from "./network/ledger.ts";
import type { StateFolder } from "./state-folder.ts";

/** Where the ledger of a sandbox is, and its summary; both outlive the sandbox, not its files. */
export function egressFiles(
  folder: StateFolder,
  id: string,
): { readonly ledger: string; readonly state: string } {
  const { ledger, egressState } = sandboxPaths(folder, id);
  return { ledger, state: egressState };
}

/** The ledger's entries, oldest first; undefined where there is none on this host. */
export async function readLedger(
  folder: StateFolder,
  id: string,
): Promise<readonly LedgerEntry[] | undefined> {
  const { ledger } = egressFiles(folder, id);
  const newest = await readFile(ledger, "utf8").catch(() => undefined);
  if (newest === undefined) return undefined;
  const older = await readFile(olderLedger(ledger), "utf8").catch(() => "");
  return `${older}${newest}`.split("\n").flatMap((line) => parseEntry(line));
}

/** A line that is being written just now, or was cut by a full disk, is left out. */
function parseEntry(line: string): LedgerEntry[] {
  try {
    return [JSON.parse(line) as LedgerEntry];
  } catch {
    return [];
  }
}

/** When its summary was last written: who looks often need not read it each time. */
export async function egressChangedMs(folder: StateFolder, id: string): Promise<number> {
  const found = await stat(egressFiles(folder, id).state).catch(() => undefined);
  return found?.mtimeMs ?? 0;
}

/** What a sandbox's network did so far; nothing where it has none. Written by its keeper alone. */
export async function readEgressState(folder: StateFolder, id: string): Promise<EgressState> {
  const text = await readFile(egressFiles(folder, id).state, "utf8").catch(() => "");
  if (text === "") return noEgress;
  const state: EgressState = JSON.parse(text);
  return state.version === 1 ? state : noEgress;
}

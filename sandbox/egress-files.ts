import { readFile, stat } from "node:fs/promises";
import { sandboxPaths } from "./keeper-paths.ts";
import { type EgressState, noEgress } from "./network/egress-state.ts";
import type { StateFolder } from "./state-folder.ts";

/** Where the ledger of a sandbox is, and its summary; both outlive the sandbox, not its files. */
export function egressFiles(
  folder: StateFolder,
  id: string,
): { readonly ledger: string; readonly state: string } {
  const { ledger, egressState } = sandboxPaths(folder, id);
  return { ledger, state: egressState };
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

import { mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { EgressRule } from "../spec.ts";
import {
  addRefusal,
  addTraffic,
  type EgressState,
  noEgress,
  type RefusalFact,
  sortHosts,
  type TrafficFact,
} from "./egress-state.ts";
import { renderRefused } from "./refused-file.ts";

/** How long a change may wait for others before the files have it. */
const saveDelayMs = 200;

/** Keeps the summary of a sandbox's network on disk, and the list of refusals where it can read it. */
export interface EgressBook extends Disposable {
  traffic(fact: TrafficFact): void;
  refuse(fact: RefusalFact): void;
  limit(sentence: string): void;
  rules(rules: readonly EgressRule[]): void;
  state(): EgressState;
}

export interface BookPlace {
  /** The summary; goes on from what an earlier sandbox of the task left. */
  readonly statePath: string;
  /** Folder that the sandbox sees, read-only; the file is `refused` in it. */
  readonly insideFolder: string;
}

export function openEgressBook(place: BookPlace): EgressBook {
  let state = readState(place.statePath);
  let rules: readonly EgressRule[] = [];
  let timer: NodeJS.Timeout | undefined;
  mkdirSync(place.insideFolder, { recursive: true, mode: 0o755 });
  save();

  function save(): void {
    clearTimeout(timer);
    timer = undefined;
    try {
      replace(place.statePath, JSON.stringify(sortHosts(state)), 0o600);
      replace(join(place.insideFolder, "refused"), renderRefused(state, rules), 0o644);
    } catch {
      // A full disk: the next change tries again, and the ledger has its own way.
    }
  }
  function change(next: EgressState): void {
    state = next;
    timer ??= setTimeout(save, saveDelayMs).unref();
  }
  return {
    traffic: (fact) => change(addTraffic(state, fact, Date.now())),
    refuse: (fact) => change(addRefusal(state, fact, Date.now())),
    limit: (sentence) => change({ ...state, limit: sentence }),
    rules(next) {
      rules = next;
      save();
    },
    state: () => state,
    [Symbol.dispose]: save,
  };
}

function replace(path: string, text: string, mode: number): void {
  writeFileSync(`${path}.new`, text, { mode });
  renameSync(`${path}.new`, path);
}

/** Written by ourselves below a folder that only root enters; damaged, it is begun anew. */
function readState(path: string): EgressState {
  try {
    const value: EgressState = JSON.parse(readFileSync(path, "utf8"));
    return value.version === 1 ? value : noEgress;
  } catch {
    return noEgress;
  }
}

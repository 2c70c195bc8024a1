/** What is known of a sandbox's disk use between two measurements. */
export interface DiskState {
  /** Bytes and files that the last measurement found. */
  readonly bytes: number;
  readonly files: number;
  /** How far the whole file system has grown since: no sandbox can have grown more. */
  readonly grownBytes: number;
  readonly grownFiles: number;
  readonly usedBytes: number;
  readonly usedFiles: number;
  /** When the last measurement began, and how long it took. */
  readonly measuredAtMs: number;
  readonly measureMs: number;
}

export interface DiskBudget {
  readonly bytes: number;
  readonly files: number;
}

export type DiskDecision = "fine" | "measure" | "full";

/** Files count too: a million empty ones cost a host its inodes. */
export function diskBudget(diskBytes: number): DiskBudget {
  return { bytes: diskBytes, files: Math.max(200_000, Math.floor(diskBytes / 4096)) };
}

/** Adds what the file system has grown by since the last look. */
export function addGrowth(
  state: DiskState,
  now: { readonly usedBytes: number; readonly usedFiles: number },
): DiskState {
  return {
    ...state,
    ...now,
    grownBytes: state.grownBytes + Math.max(0, now.usedBytes - state.usedBytes),
    grownFiles: state.grownFiles + Math.max(0, now.usedFiles - state.usedFiles),
  };
}

/** Somebody else may have deleted as much between two looks as the sandbox wrote. */
const seldomMs = 15_000;
/** Share of the time that may go into walking. */
const patience = 20;

/**
 * Measuring walks the tree, so it is done when the growth could have used up the budget, and now and
 * then while the sandbox moves.
 */
export function decideDisk(state: DiskState, budget: DiskBudget, nowMs: number): DiskDecision {
  if (state.bytes > budget.bytes || state.files > budget.files) return "full";
  const possibleBytes = state.bytes + state.grownBytes;
  const possibleFiles = state.files + state.grownFiles;
  if (possibleBytes > budget.bytes || possibleFiles > budget.files) return "measure";
  const pauseMs = Math.max(seldomMs, state.measureMs * patience);
  return nowMs - state.measuredAtMs > pauseMs ? "measure" : "fine";
}

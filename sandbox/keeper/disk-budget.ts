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

/** Adds what the file system has grown by; shrinking elsewhere hides nothing. */
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

/** Measuring walks the tree, so it is done only when the growth could have used up the budget. */
export function decideDisk(state: DiskState, budget: DiskBudget): DiskDecision {
  if (state.bytes > budget.bytes || state.files > budget.files) return "full";
  const possibleBytes = state.bytes + state.grownBytes;
  const possibleFiles = state.files + state.grownFiles;
  return possibleBytes > budget.bytes || possibleFiles > budget.files ? "measure" : "fine";
}

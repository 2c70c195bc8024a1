/** One line of BENCH.md: ours against a peer of the same run. */
export interface BenchRow {
  readonly name: string;
  readonly unit: string;
  readonly ours: Figures;
  /** Absent where the mark is a plain figure. */
  readonly peer?: Figures & { readonly name: string };
  /** The mark: at most this ratio to the peer, or this figure. */
  readonly mark?: { readonly atMost: number; readonly of: "ratio" | "median" | "mean" };
  readonly remark?: string;
}

export interface Figures {
  readonly median: number;
  readonly p95: number;
  readonly mean: number;
  readonly samples: number;
}

export interface Bench {
  readonly name: string;
  run(say: (line: string) => void): Promise<readonly BenchRow[]>;
}

/** Aborted by Ctrl-C: whatever a bench waits for then rejects. */
export const ending = new AbortController();

/** Fewer where somebody is trying a bench out: `COLONY_BENCH_ROUNDS=2 npm run bench -- NAME`. */
export function roundsOf(wanted: number): number {
  const asked = Number(process.env.COLONY_BENCH_ROUNDS ?? wanted);
  return Number.isInteger(asked) && asked > 0 ? Math.min(asked, wanted) : wanted;
}

/** Mean, median and 95th percentile (nearest rank). */
export function figuresOf(samples: readonly number[]): Figures {
  const sorted = samples.toSorted((a, b) => a - b);
  const rank = (share: number) =>
    sorted[Math.min(sorted.length - 1, Math.ceil(share * sorted.length) - 1)] ?? Number.NaN;
  const mean = sorted.reduce((sum, sample) => sum + sample, 0) / sorted.length;
  return { median: rank(0.5), p95: rank(0.95), mean, samples: samples.length };
}

export function ratioOf(row: BenchRow): number | undefined {
  return row.peer === undefined ? undefined : row.ours.median / row.peer.median;
}

/** undefined: the row has no mark. */
export function isMet(row: BenchRow): boolean | undefined {
  if (row.mark === undefined) return undefined;
  const value = row.mark.of === "ratio" ? ratioOf(row) : row.ours[row.mark.of];
  return value !== undefined && value <= row.mark.atMost;
}

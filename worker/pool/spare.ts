import type { SandboxSpec } from "../../sandbox/sandbox.ts";

/** Everything about a sandbox but whose it is: two of one shape are as good as each other. */
export type SandboxShape = Omit<
  SandboxSpec,
  "id" | "epoch" | "hostname" | "workspace" | "workspaceLater" | "forwards"
>;

/** A repository's use of sandboxes on one host, as its drivers write it down. */
export interface PoolUse {
  readonly shape: SandboxShape;
  /** When the last few sandboxes were opened, the newest last. */
  readonly opensMs: readonly number[];
}

/** A sandbox that was made before somebody asked. */
export interface Spare {
  readonly url: string;
  readonly shape: SandboxShape;
  readonly madeAtMs: number;
}

const keptOpens = 10;
/** A repository that nobody used for so long has no spares, and a spare is never older. */
export const spareLifeMs = 30 * 60_000;
/** Two in so short a time: the next one comes as soon. */
const busyMs = 5 * 60_000;

export function shapeOf(spec: SandboxSpec): SandboxShape {
  const { id: _i, epoch: _e, hostname: _h, workspace: _w, workspaceLater: _l, ...rest } = spec;
  const { forwards: _f, ...shape } = rest;
  return shape;
}

/** Both were made by `shapeOf`, so that their keys come in one order. */
export function isSameShape(one: SandboxShape, other: SandboxShape): boolean {
  return JSON.stringify(one) === JSON.stringify(other);
}

/** The use of a repository after one more sandbox of this shape. */
export function noteOpen(use: PoolUse | undefined, shape: SandboxShape, nowMs: number): PoolUse {
  return { shape, opensMs: [...(use?.opensMs ?? []), nowMs].slice(-keptOpens) };
}

/** How many spares a repository should have now: none when nobody uses it, more when many do. */
export function wantedSpares(use: PoolUse, nowMs: number): number {
  const since = (ms: number) => use.opensMs.filter((at) => nowMs - at < ms).length;
  if (since(spareLifeMs) === 0) return 0;
  return since(busyMs) >= 3 ? 2 : 1;
}

/** Whether a spare is no longer what its repository uses. */
export function isStale(spare: Spare, use: PoolUse | undefined, nowMs: number): boolean {
  if (use === undefined || nowMs - spare.madeAtMs > spareLifeMs) return true;
  return !isSameShape(spare.shape, use.shape);
}

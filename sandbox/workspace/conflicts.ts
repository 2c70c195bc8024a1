import type { AsideChange } from "./aside.ts";
import type { ShownChange } from "./change.ts";
import { findLeftoverMarkers, parseConflictRegions, renderRegions } from "./conflict-markers.ts";
import { readTrailer } from "./description.ts";
import { JjError } from "./errors.ts";
import { askGit, gitOnStore } from "./git.ts";
import { askJj } from "./jj.ts";
import { pathFileset } from "./jj-text.ts";
import type { RepositoryContext } from "./programs.ts";
import type { WorkspaceRecord } from "./record.ts";

/** A conflict as people are told of it. */
export interface ToldConflict {
  readonly path: string;
  readonly lines: string;
  readonly withTask?: string;
  readonly withTitle?: string;
}

/** Files of a change that are not settled: recorded conflicts, and markers somebody left behind. */
export async function openConflicts(
  context: RepositoryContext,
  record: WorkspaceRecord,
  change: ShownChange,
): Promise<{ path: string; lines?: string }[]> {
  const open: { path: string; lines?: string }[] = [];
  for (const path of change.conflicts) {
    const regions = parseConflictRegions(await fileAt(context, change.commit, path));
    open.push({ path, ...(regions.length === 0 ? {} : { lines: renderRegions(regions) }) });
  }
  const sides = [...change.parents, ...(record.beforeUpdate ? [record.beforeUpdate] : [])];
  for (const path of record.conflictPaths) {
    if (change.conflicts.includes(path)) continue;
    const texts = await Promise.all(sides.map((side) => fileAt(context, side, path)));
    const left = findLeftoverMarkers(await fileAt(context, change.commit, path), texts);
    if (left.length > 0) open.push({ path, lines: left.join(", ") });
  }
  return open;
}

/** Which file, which lines of the base, and whose landed change each conflict is with. */
export async function tellConflicts(
  context: RepositoryContext,
  { change, operation }: AsideChange,
  oldBase: string,
  newBase: string,
): Promise<ToldConflict[]> {
  const told: ToldConflict[] = [];
  for (const path of change.conflicts) {
    const regions = parseConflictRegions(await fileAt(context, change.commit, path, operation));
    const lines = renderRegions(regions);
    const first = regions.find((region) => !region.emptySide);
    const commit =
      (first && (await lastToTouch(context, oldBase, newBase, path, first))) ??
      (await lastToChange(context, oldBase, newBase, path));
    told.push({ path, lines, ...(commit === undefined ? {} : await whose(context, commit)) });
  }
  return told;
}

/** The file's text in a commit; conflicts as markers; empty where there is none. */
async function fileAt(
  context: RepositoryContext,
  commit: string,
  path: string,
  operation?: string,
): Promise<string> {
  const at = operation === undefined ? [] : ["--at-operation", operation];
  try {
    const words = [...at, "file", "show", "-r", commit, pathFileset(path)];
    return (await askJj(context, words)).stdout;
  } catch (error) {
    if (error instanceof JjError && error.failure === "refused") return "";
    throw error;
  }
}

/** Newest commit since the old base that wrote one of these lines. */
async function lastToTouch(
  context: RepositoryContext,
  oldBase: string,
  newBase: string,
  path: string,
  lines: { readonly firstLine: number; readonly lastLine: number },
): Promise<string | undefined> {
  const range = `${lines.firstLine},${lines.lastLine}`;
  const words = ["blame", "--porcelain", "-L", range, `${oldBase}..${newBase}`, "--", path];
  const result = await gitOnStore(context, words);
  if (result.exitCode !== 0) return undefined;
  // Lines from before the old base are nobody's in this conflict; told once per commit.
  const before = new Set<string>();
  let commit = "";
  for (const line of result.stdout.toString("utf8").split("\n")) {
    const head = /^([0-9a-f]{40,64}) \d+ \d+( \d+)?$/.exec(line)?.[1];
    if (head !== undefined) commit = head;
    else if (line === "boundary") before.add(commit);
    else if (line.startsWith("\t") && !before.has(commit)) return commit;
  }
  return undefined;
}

/** Newest commit since the old base that changed the file at all. */
async function lastToChange(
  context: RepositoryContext,
  oldBase: string,
  newBase: string,
  path: string,
): Promise<string | undefined> {
  const words = ["log", "-1", "--format=%H", `${oldBase}..${newBase}`, "--", path];
  const commit = await askGit(context, "reading the history", words);
  return commit.trim() === "" ? undefined : commit.trim();
}

async function whose(
  context: RepositoryContext,
  commit: string,
): Promise<{ withTask?: string; withTitle?: string }> {
  const words = ["log", "-1", "--format=%s%x00%B", commit];
  const [title = "", body = ""] = (await askGit(context, "reading a commit", words)).split("\0");
  const task = readTrailer(body, "Task-Id");
  return { withTitle: title, ...(task === undefined ? {} : { withTask: task }) };
}

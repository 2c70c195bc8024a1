import { readdir, stat, utimes } from "node:fs/promises";
import { join } from "node:path";
import { folderExists, removeFolder } from "./folders.ts";
import { buildBareGolden, buildGolden } from "./golden-build.ts";
import type { HeldLock } from "./lock.ts";
import type { RepositoryContext } from "./programs.ts";

const maxGolden = 6;

/** A read-only checkout of one commit, shared by all workspaces on it. */
export interface Golden {
  readonly root: string;
  readonly tree: string;
  /** jj's record of the files, which fits every workspace with this lower. */
  readonly treeState: string;
}

/** Name of a golden workspace; `bare`: files only, of a commit that jj does not show. */
export function goldenName(commit: string, bare: boolean): string {
  return bare ? `${commit}-files` : commit;
}

/** Paths of a golden workspace, made or not. */
export function goldenOf(context: RepositoryContext, name: string): Golden {
  const root = join(context.layout.golden, name);
  return { root, tree: join(root, "tree"), treeState: join(root, "tree_state") };
}

/** Makes the golden workspace of a commit that jj shows, from the last one where there is one. */
export async function ensureGolden(
  context: RepositoryContext,
  turn: HeldLock,
  commit: string,
): Promise<Golden> {
  const golden = goldenOf(context, goldenName(commit, false));
  if (await folderExists(golden.root)) return touch(golden);
  const last = await lastMade(context);
  const from = last === undefined ? undefined : { commit: last, ...goldenOf(context, last) };
  await buildGolden(context, turn, commit, golden, from);
  return golden;
}

/** Checks out a commit that only git knows (a rebase that is not integrated). */
export async function ensureBareGolden(
  context: RepositoryContext,
  turn: HeldLock,
  commit: string,
): Promise<Golden> {
  const golden = goldenOf(context, goldenName(commit, true));
  if (await folderExists(golden.root)) return touch(golden);
  await buildBareGolden(context, turn, commit, golden);
  return golden;
}

/** Removes the goldens that no workspace stands on, but the newest few. */
export async function sweepGolden(
  context: RepositoryContext,
  _turn: HeldLock,
  inUse: ReadonlySet<string>,
): Promise<void> {
  const spare = (await newestFirst(context)).filter((name) => !inUse.has(name));
  for (const name of spare.slice(maxGolden)) await removeFolder(join(context.layout.golden, name));
}

async function touch(golden: Golden): Promise<Golden> {
  const now = new Date();
  await utimes(golden.root, now, now);
  return golden;
}

/** The golden that was made last: base branches move on, so it is the nearest. */
async function lastMade(context: RepositoryContext): Promise<string | undefined> {
  const whole = (await newestFirst(context)).filter((name) => !name.endsWith("-files"));
  const dated = await Promise.all(
    whole.map(async (name) => ({
      name,
      madeMs: (await stat(goldenOf(context, name).treeState)).mtimeMs,
    })),
  );
  return dated.sort((a, b) => b.madeMs - a.madeMs)[0]?.name;
}

/** Names, the last used first. */
async function newestFirst(context: RepositoryContext): Promise<string[]> {
  const names = await readdir(context.layout.golden);
  const whole = names.filter((name) => /^[0-9a-f]+(-files)?$/.test(name));
  const dated = await Promise.all(
    whole.map(async (name) => ({
      name,
      usedMs: (await stat(join(context.layout.golden, name))).mtimeMs,
    })),
  );
  return dated.sort((a, b) => b.usedMs - a.usedMs).map(({ name }) => name);
}

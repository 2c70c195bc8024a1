import { lchown, mkdir, readdir, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { removeTree } from "../removal.ts";
import type { WorkspaceMount } from "../workspace.ts";
import { addWorkspace } from "./add-workspace.ts";
import { commitShown } from "./change.ts";
import { JjError } from "./errors.ts";
import { folderExists, removeFolder, sweepFolder } from "./folders.ts";
import { basesInUse, forgetWorkspace } from "./forget-workspace.ts";
import { ensureBareGolden, ensureGolden, goldenName, goldenOf, sweepGolden } from "./golden.ts";
import { putTreeState } from "./golden-build.ts";
import { type WorkspaceLayout, workspaceLayout } from "./layout.ts";
import { HeldLock } from "./lock.ts";
import type { RepositoryContext } from "./programs.ts";
import { readRecord, saveRecord, type WorkspaceRecord } from "./record.ts";
import { jjInView } from "./view.ts";

const lockWaitMs = 600_000;
/** A first checkout of a large repository takes its time. */
const goldenWaitMs = 3_600_000;

/** Makes the workspace of a task on a commit, or finds it again. */
export async function makeWorkspace(
  context: RepositoryContext,
  taskId: string,
  base: string,
): Promise<WorkspaceMount> {
  const workspace = workspaceLayout(context.layout, taskId);
  const found = await readRecord(workspace.recordFile);
  if (found !== undefined && !isOutdated(found, base)) return mountOf(context, workspace, found);
  // A golden workspace was made of a commit that jj shows: no need to ask again.
  const isGolden = await folderExists(goldenOf(context, goldenName(base, false)).root);
  const shown = isGolden || (await commitShown(context, base));
  await using turn = await HeldLock.take(context.layout.goldenLockFile, goldenWaitMs);
  const { root, golden, workspaces } = context.layout;
  for (const folder of [root, golden, workspaces]) await sweepFolder(folder, Date.now());
  await sweepGolden(context, turn, await basesInUse(context));
  if (shown) await ensureGolden(context, turn, base);
  else await ensureBareGolden(context, turn, base);
  await using lock = await HeldLock.take(context.layout.lockFile, lockWaitMs);
  const record = shown
    ? await makeOverlayOrFolder(context, lock, workspace, taskId, base)
    : { ...emptyRecord(taskId, base), kind: "none" as const };
  if (!shown) await makeFolders(context, lock, workspace, taskId);
  await saveRecord(workspace.recordFile, record);
  return mountOf(context, workspace, record);
}

async function makeOverlayOrFolder(
  context: RepositoryContext,
  lock: HeldLock,
  workspace: WorkspaceLayout,
  taskId: string,
  base: string,
): Promise<WorkspaceRecord> {
  await makeFolders(context, lock, workspace, taskId);
  await addOverlayWorkspace(context, lock, workspace, taskId, base);
  const record = emptyRecord(taskId, base);
  const made: WorkspaceRecord = { ...record, kind: "overlay" };
  if (await roundTrip(context, lock, workspace, made)) return made;
  await makeFolders(context, lock, workspace, taskId);
  await addFolderWorkspace(context, lock, workspace, taskId, base);
  return { ...record, kind: "folder" };
}

/** The task's folders, empty, whatever was there. */
async function makeFolders(
  context: RepositoryContext,
  lock: HeldLock,
  workspace: WorkspaceLayout,
  taskId: string,
): Promise<void> {
  // It is made before jj hears of the workspace and goes after jj forgot it.
  const isBegun = await folderExists(workspace.root);
  const old = isBegun ? await forgetWorkspace(context, lock, taskId) : undefined;
  if (old !== undefined) await removeTree(old);
  await mkdir(workspace.root, { recursive: true, mode: 0o711 });
  await mkdir(workspace.upperParent, { recursive: true, mode: 0o700 });
}

function emptyRecord(taskId: string, base: string) {
  return { version: 1 as const, taskId, base, conflictPaths: [], nested: [] };
}

/** Made for another commit and never looked at since: what a killed landing's check left. */
function isOutdated(found: WorkspaceRecord, base: string): boolean {
  return found.base !== base && (found.kind === "none" || found.snapshot === undefined);
}

/** How a recorded workspace is mounted. */
export function mountOf(
  context: RepositoryContext,
  workspace: WorkspaceLayout,
  record: WorkspaceRecord,
): WorkspaceMount {
  const owner = { ownerUid: context.owner.uid, ownerGid: context.owner.gid };
  const jjFolder = workspace.jjFolder;
  if (record.kind === "folder") {
    return { kind: "folder", path: workspace.plain, ...owner, jjFolder };
  }
  return {
    kind: "overlay",
    lower: goldenOf(context, goldenName(record.base, record.kind === "none")).tree,
    upperParent: workspace.upperParent,
    ...owner,
    ...(record.kind === "none" ? {} : { jjFolder }),
  };
}

/** A workspace without files, whose record of files is the golden one's. */
async function addOverlayWorkspace(
  context: RepositoryContext,
  lock: HeldLock,
  workspace: WorkspaceLayout,
  taskId: string,
  base: string,
): Promise<void> {
  const made = join(context.layout.making, taskId);
  await addWorkspace(context, lock, { name: taskId, base, patterns: "empty", folder: made });
  await adoptJjFolder(context, made, workspace);
  await putTreeState(context, goldenOf(context, base).treeState, workspace.jjFolder);
  await removeFolder(made);
}

/** A whole checkout of its own, where the overlay does not serve. */
async function addFolderWorkspace(
  context: RepositoryContext,
  lock: HeldLock,
  workspace: WorkspaceLayout,
  taskId: string,
  base: string,
): Promise<void> {
  const made = join(context.layout.making, taskId);
  await addWorkspace(context, lock, { name: taskId, base, patterns: "full", folder: made });
  await mkdir(workspace.root, { recursive: true, mode: 0o711 });
  await adoptJjFolder(context, made, workspace);
  await mkdir(join(made, ".jj"));
  await lchown(join(made, ".jj"), context.owner.uid, context.owner.gid);
  await rename(made, workspace.plain);
}

/** Takes the `.jj` away from the files, to where no agent comes. */
async function adoptJjFolder(
  context: RepositoryContext,
  made: string,
  workspace: WorkspaceLayout,
): Promise<void> {
  await rename(join(made, ".jj"), workspace.jjFolder);
  const repo = join(workspace.jjFolder, "repo");
  await writeFile(repo, join(context.layout.store, ".jj", "repo"));
  await lchown(repo, context.owner.uid, context.owner.gid);
}

/**
 * `tree_state` is jj's private format and the overlay the kernel's: a snapshot of files that nobody
 * touched must find no change. Tried once per golden workspace.
 */
async function roundTrip(
  context: RepositoryContext,
  lock: HeldLock,
  workspace: WorkspaceLayout,
  record: WorkspaceRecord,
): Promise<boolean> {
  const proof = join(context.layout.golden, record.base, "round-trip");
  const mount = mountOf(context, workspace, record);
  const names = await readdir(join(context.layout.golden, record.base));
  if (names.includes("round-trip")) return true;
  try {
    const words = ["--quiet", "diff", "--summary"];
    const view = { context, workspace, mount, sandbox: undefined };
    const { stdout } = await jjInView(view, lock, words);
    if (stdout !== "") return false;
  } catch (error) {
    // 1 and 255 alike: this host does not carry the overlay, or jj does not like it.
    if (error instanceof JjError) return false;
    throw error;
  }
  await writeFile(proof, "");
  return true;
}

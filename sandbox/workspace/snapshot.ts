import { join } from "node:path";
import type { Sandbox } from "../sandbox.ts";
import type { Author, Snapshot } from "../workspace.ts";
import { readChange, readChangedFiles, type ShownChange, workspaceSymbol } from "./change.ts";
import { openConflicts } from "./conflicts.ts";
import { renderAuthor, renderDescription } from "./description.ts";
import { syncToDisk } from "./disk.ts";
import { JjError, UnsavableError, WorkspaceError } from "./errors.ts";
import { treeOf } from "./git.ts";
import { tellJj } from "./jj.ts";
import { parseSkipped } from "./jj-text.ts";
import { type WorkspaceLayout, workspaceLayout } from "./layout.ts";
import type { HeldLock } from "./lock.ts";
import { findNested, tracksPackages, withoutNested } from "./nested.ts";
import { mountOf } from "./open-workspace.ts";
import type { RepositoryContext } from "./programs.ts";
import { readRecord, saveRecord, type WorkspaceRecord } from "./record.ts";
import { snapshotRemarks } from "./remarks.ts";
import { jjInView, type WorkspaceView, whileStill } from "./view.ts";

/** Title, author and trailers that a snapshot's commit is to have. */
export interface Description {
  readonly title: string;
  readonly author: Author;
  readonly trailers: Readonly<Record<string, string>>;
}

/** A recorded workspace with everything needed to look at it. */
export interface KnownWorkspace {
  readonly workspace: WorkspaceLayout;
  readonly record: WorkspaceRecord;
  readonly view: WorkspaceView;
}

/** Reads the record of a task's workspace. Throws `WorkspaceError` where there is none. */
export async function knownWorkspace(
  context: RepositoryContext,
  taskId: string,
  sandbox: Sandbox | undefined,
): Promise<KnownWorkspace> {
  const workspace = workspaceLayout(context.layout, taskId);
  const record = await readRecord(workspace.recordFile);
  if (record === undefined) {
    throw new WorkspaceError(taskId, `Task ${taskId} has no workspace here (any more).`);
  }
  if (record.kind === "none") {
    throw new WorkspaceError(taskId, `The files of ${taskId} are for looking at only.`);
  }
  const mount = mountOf(context, workspace, record);
  return { workspace, record, view: { context, workspace, mount, sandbox } };
}

/** Takes in what the files are now; says so only once it is on the disk. */
export async function takeSnapshot(
  context: RepositoryContext,
  lock: HeldLock,
  known: KnownWorkspace,
  description?: Description,
): Promise<Snapshot> {
  const { record, workspace, view } = known;
  const skipPackages = await noPackagesTracked(context, record);
  // Of the same moment: a repository that comes and goes must not be missed between the two.
  const [warnings, nested] = await whileStill(view, () =>
    Promise.all([
      snapshotFiles(view, lock).catch((error: unknown) => {
        throw isTooDeep(error) ? new UnsavableError(record.taskId, tooDeep, error) : error;
      }),
      findNested(record.taskId, filesOf(known), skipPackages),
    ]),
  );
  const skipped = parseSkipped(warnings);
  const symbol = workspaceSymbol(record.taskId);
  let change = await readChange(context, symbol);
  if (description !== undefined && (await describe(context, lock, change, description))) {
    change = await readChange(context, symbol);
  }
  const remarks = snapshotRemarks(skipped, nested);
  const last = record.snapshot;
  if (last?.commit === change.commit && last.remarks.join("\n") === remarks.join("\n")) return last;
  const snapshot = await renderSnapshot(context, record, change, { nested, remarks });
  await syncToDisk(context.layout.root);
  await saveRecord(workspace.recordFile, {
    ...record,
    snapshot: {
      ...snapshot,
      files: [...snapshot.files],
      conflicts: [...snapshot.conflicts],
      remarks: [...snapshot.remarks],
    },
    nested,
  });
  return snapshot;
}

const tooDeep =
  "Folders in the workspace are nested deeper than a path can be long; nothing is saved while they are.";

/** jj tells it in words only. */
function isTooDeep(error: unknown): boolean {
  return error instanceof JjError && error.stderr.includes("(os error 36)");
}

/** In none of the commits that the files may stand on. */
async function noPackagesTracked(
  context: RepositoryContext,
  { base, snapshot, landed }: WorkspaceRecord,
): Promise<boolean> {
  const commits = new Set([base, snapshot?.base ?? base, landed?.commit ?? base]);
  const tracked = [...commits].map((commit) => tracksPackages(context, commit));
  return !(await Promise.all(tracked)).includes(true);
}

/** Where a workspace's own files lie on the host. */
function filesOf(known: KnownWorkspace): string {
  const { mount } = known.view;
  return mount.kind === "folder" ? mount.path : join(mount.upperParent, "upper");
}

/** Answers jj's warnings. A workspace that a kill left behind its own commit is brought up first. */
async function snapshotFiles(view: WorkspaceView, lock: HeldLock): Promise<string> {
  const words = ["--quiet", "util", "snapshot"];
  try {
    return (await jjInView(view, lock, words)).stderr;
  } catch (error) {
    if (!(error instanceof JjError) || error.failure !== "refused") throw error;
    await jjInView(view, lock, ["--quiet", "workspace", "update-stale"]);
    return (await jjInView(view, lock, words)).stderr;
  }
}

/** Gives the change its title, trailers and author; answers whether that changed anything. */
async function describe(
  context: RepositoryContext,
  lock: HeldLock,
  change: ShownChange,
  wanted: Description,
): Promise<boolean> {
  const text = renderDescription(wanted.title, wanted.trailers);
  const author = renderAuthor(wanted.author);
  if (change.description === text && `${change.author.name} <${change.author.email}>` === author) {
    return false;
  }
  const words = ["--quiet", "metaedit", "-r", change.commit, "--author", author, "-m", text];
  await tellJj(context, lock, words);
  return true;
}

/** Puts together what people see of a change. */
export async function renderSnapshot(
  context: RepositoryContext,
  record: WorkspaceRecord,
  change: ShownChange,
  found: { readonly nested: readonly string[]; readonly remarks: readonly string[] },
): Promise<Snapshot> {
  const files = withoutNested(await readChangedFiles(context, change.commit), found.nested);
  return {
    change: change.change,
    commit: change.commit,
    tree: await treeOf(context, change.commit),
    base: change.parents[0] ?? record.base,
    files,
    added: files.reduce((sum, file) => sum + file.added, 0),
    removed: files.reduce((sum, file) => sum + file.removed, 0),
    conflicts: await openConflicts(context, record, change),
    remarks: found.remarks,
  };
}

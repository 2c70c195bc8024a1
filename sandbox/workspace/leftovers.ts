import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { bytesOf } from "../ending.ts";
import { folderAt } from "../leftovers/folders.ts";
import type { FoundLeftover, OwnerOf } from "../leftovers/leftover.ts";
import { removeInBackground } from "../removal.ts";
import type { StateFolder } from "../state-folder.ts";
import { forgetWorkspace } from "./forget-workspace.ts";
import { layoutOfKey, type RepositoryLayout } from "./layout.ts";
import { HeldLock, LockTimeoutError } from "./lock.ts";
import { repositoryContext } from "./programs.ts";

const lockWaitMs = 60_000;
/** A jj that outlived its driver ends by itself; a first checkout may take its time. */
const patienceMs = 10_000;

/** What dead commands left in the repositories' folders, and workspaces of tasks that are gone. */
export async function findWorkspaceLeftovers(
  folder: StateFolder,
  ownerOf: OwnerOf,
): Promise<FoundLeftover[]> {
  const keys = await list(folder.repositories);
  const found = await Promise.all(
    keys.map(async (key) => {
      const layout = layoutOfKey(folder, key);
      return [
        ...(await findHalfDone(layout)),
        ...(await findGoneWorkspaces(folder, layout, ownerOf)),
      ];
    }),
  );
  return found.flat();
}

/** Whoever makes or views something holds one of the two locks: with both, nobody does. */
async function findHalfDone(layout: RepositoryLayout): Promise<FoundLeftover[]> {
  const found = await halfDone(layout);
  if (found.length === 0) return [];
  await using free = await takeBoth(layout);
  if (free === undefined) return [];
  const still = await halfDone(layout);
  return still.map((path) => {
    const plain = folderAt(path, "the command that made it is dead");
    return {
      ...plain,
      async remove() {
        await using mine = await takeBoth(layout);
        return mine === undefined ? { bytes: 0 } : plain.remove();
      },
    };
  });
}

async function halfDone({ root, making, golden, workspaces }: RepositoryLayout): Promise<string[]> {
  const isTemporary = (name: string) => name.startsWith("view-") || name.includes(".doomed-");
  const at = async (folder: string, wanted: (name: string) => boolean) =>
    (await list(folder)).filter(wanted).map((name) => join(folder, name));
  return [
    ...(await at(root, isTemporary)),
    ...(await at(making, () => true)),
    ...(await at(golden, (name) => isTemporary(name) || name.endsWith(".partial"))),
    ...(await at(workspaces, isTemporary)),
  ];
}

async function takeBoth(layout: RepositoryLayout): Promise<AsyncDisposable | undefined> {
  await using stack = new AsyncDisposableStack();
  try {
    stack.use(await HeldLock.take(layout.goldenLockFile, patienceMs));
    stack.use(await HeldLock.take(layout.lockFile, patienceMs));
  } catch (error) {
    if (error instanceof LockTimeoutError) return undefined;
    throw error;
  }
  return stack.move();
}

async function findGoneWorkspaces(
  folder: StateFolder,
  layout: RepositoryLayout,
  ownerOf: OwnerOf,
): Promise<FoundLeftover[]> {
  const found: FoundLeftover[] = [];
  for (const id of await list(layout.workspaces)) {
    if (id.includes(".")) continue;
    const ownership = await ownerOf(id);
    if (ownership.kind !== "gone") continue;
    const path = join(layout.workspaces, id);
    found.push({
      kind: "workspace",
      name: path,
      why: ownership.why,
      async remove() {
        const bytes = await bytesOf([path]);
        const context = await repositoryContext(folder, layout);
        await using lock = await HeldLock.take(layout.lockFile, lockWaitMs);
        const doomed = await forgetWorkspace(context, lock, id);
        if (doomed !== undefined) removeInBackground(doomed);
        return { bytes };
      },
    });
  }
  return found;
}

async function list(path: string): Promise<string[]> {
  return readdir(path).catch(() => []);
}

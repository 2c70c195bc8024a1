import { readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { workspaceSymbol } from "./change.ts";
import { setAside } from "./folders.ts";
import { goldenName } from "./golden.ts";
import { tellJj } from "./jj.ts";
import { workspaceLayout } from "./layout.ts";
import type { HeldLock } from "./lock.ts";
import type { RepositoryContext } from "./programs.ts";
import { readRecord } from "./record.ts";

/**
 * Forgets a workspace; harmless where there is none. Answers the folder with its files, which is to
 * be removed without the lock: there may be many.
 */
export async function forgetWorkspace(
  context: RepositoryContext,
  lock: HeldLock,
  taskId: string,
): Promise<string | undefined> {
  const workspace = workspaceLayout(context.layout, taskId);
  // What has not landed goes with it: heads that nobody wants make every later command slower.
  const left = `present(${workspaceSymbol(taskId)}) & mutable()`;
  await tellJj(context, lock, ["--quiet", "abandon", left]);
  await tellJj(context, lock, ["--quiet", "workspace", "forget", taskId]);
  await rm(workspace.recordFile, { force: true });
  return setAside(workspace.root);
}

/** Names of the golden workspaces that somebody stands on. */
export async function basesInUse(context: RepositoryContext): Promise<ReadonlySet<string>> {
  const tasks = await readdir(context.layout.workspaces);
  const records = await Promise.all(
    tasks.map((task) => readRecord(join(context.layout.workspaces, task, "record.json"))),
  );
  return new Set(
    records.flatMap((record) =>
      record === undefined ? [] : [goldenName(record.base, record.kind === "none")],
    ),
  );
}

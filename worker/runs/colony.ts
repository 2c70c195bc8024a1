import type { Sandbox } from "../../sandbox/sandbox.ts";
import type { Snapshot, Store } from "../../sandbox/workspace.ts";
import type { AgentProfile } from "../agent/profile.ts";
import type { ArtifactRef, Change } from "../protocol/change.ts";
import type { Task } from "../protocol/task.ts";
import type { EffectiveSettings } from "../settings/effective-settings.ts";
import type { Lease } from "./lease.ts";
import type { RunContext } from "./run-context.ts";

/** One agent's sandbox with its workspace, as its driver holds them. */
export interface Colony {
  readonly store: Store;
  readonly settings: EffectiveSettings;
  readonly profile: AgentProfile;
  readonly sandbox: Sandbox;
}

/** The agent's HOME and workspace, as it sees them. */
export const insideHome = "/root";
export const insideWorkspace = "/workspace";

/** Trailers of every commit that a task leaves behind. */
export function trailersOf(task: Task): Readonly<Record<string, string>> {
  return { "Task-Id": task.id, Agent: task.agent };
}

/** The person who asked is the author, also where their platform tells no address. */
export function authorOf(task: Task): { readonly name: string; readonly email: string } {
  const { name, email, id } = task.requester;
  return { name, email: email ?? `${id.replace(/[^\w.-]+/g, "-")}@colony.invalid` };
}

/** First line of the request, as a commit's title. */
export function titleOf(task: Task): string {
  const line = task.request.split("\n")[0]?.trim() ?? "";
  return line.length <= 72 ? line : `${line.slice(0, 71)}…`;
}

/** Saves the files as they are now and writes them into the task, with the diff for people. */
export async function saveChange(
  context: RunContext,
  lease: Lease,
  store: Store,
  sandbox?: Sandbox,
): Promise<Change> {
  const task = lease.task();
  const snapshot = await store.snapshot(task.id, {
    title: titleOf(task),
    author: authorOf(task),
    trailers: trailersOf(task),
    ...(sandbox === undefined ? {} : { sandbox }),
  });
  if (snapshot.tree === task.change?.tree && snapshot.commit === task.change.commit)
    return task.change;
  const change = await withDiff(context, store, task, snapshot);
  await lease.transact((newest) => ({
    task: { ...newest, change },
    events: countEvents(newest, change),
  }));
  return change;
}

/** A snapshot as the protocol tells it, with its diff stored for the chat. */
export async function withDiff(
  context: RunContext,
  store: Store,
  task: Task,
  snapshot: Snapshot,
): Promise<Change> {
  const { change, commit, tree, base, added, removed } = snapshot;
  const files = snapshot.files.map((file) => ({ ...file }));
  const conflicts = snapshot.conflicts.map(({ path, lines }) =>
    lines === undefined ? { path } : { path, lines },
  );
  const diff = await storeDiff(context, store, task);
  return {
    change,
    commit,
    tree,
    base,
    files,
    added,
    removed,
    conflicts,
    remarks: [...snapshot.remarks],
    ...(diff === undefined ? {} : { diff }),
  };
}

async function storeDiff(
  context: RunContext,
  store: Store,
  task: Task,
): Promise<ArtifactRef | undefined> {
  const text = await store.diff(task.id);
  if (text === "") return undefined;
  return context.client.putArtifact(Buffer.from(text), `${task.id}.diff`, "text/x-diff");
}

function countEvents(task: Task, change: Change) {
  const same =
    task.change?.files.length === change.files.length &&
    task.change.added === change.added &&
    task.change.removed === change.removed;
  if (same) return [];
  return [
    {
      type: "files.changed",
      files: change.files.length,
      added: change.added,
      removed: change.removed,
    } as const,
  ];
}

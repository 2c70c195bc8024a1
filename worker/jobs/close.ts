import { readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import {
  adoptSandbox,
  endSandbox,
  forgetSandbox,
  keepDownloads,
  type Receipt,
} from "../../sandbox/sandbox.ts";
import { spoolFolder } from "../../sandbox/state-folder.ts";
import { openStore, RepositoryError } from "../../sandbox/workspace.ts";
import { closeRunSocket } from "../gateway/client.ts";
import { keys } from "../protocol/keys.ts";
import type { Task } from "../protocol/task.ts";
import { isEnded } from "../protocol/task.ts";
import { readTask, type Transition, transact } from "../protocol/transition.ts";
import { downloadsOf } from "../runs/downloads.ts";
import type { RunContext } from "../runs/run-context.ts";

/** A sink that is there and does not keep up: then the sandbox ends all the same. */
const shipWaitMs = 5_000;

/**
 * Ends a task's sandbox and says what is left of it. Files of an ended task go with it; those of
 * any other stay for the next run. Doing it twice changes nothing.
 */
export async function closeTask(context: RunContext, taskId: string): Promise<void> {
  const task = await readTask(context.redis, taskId);
  if (task === undefined || task.state === "running" || task.state === "landing") return;
  const { folder } = context.config;
  const receipt = await endTaskSandbox(context, task);
  await logsShipped(context, taskId);
  await keepDownloads(folder, taskId, downloadsOf(task)).catch((error: unknown) => {
    context.log.warn({ task: taskId, err: error }, "keeping downloads");
  });
  await closeRunSocket(folder, taskId);
  const discarded = isEnded(task) ? await discardFiles(context, task) : 0;
  await transact(context.redis, taskId, (newest) => decideClosed(newest, receipt, discarded));
}

/**
 * Kernel and disk are asked also where no keeper answers: it was killed, or the one who closed it
 * was, or it went to sleep long ago. Undefined: the task never had a sandbox.
 */
async function endTaskSandbox(context: RunContext, task: Task): Promise<Receipt | undefined> {
  const { folder } = context.config;
  const sandbox = await adoptSandbox(folder, task.id);
  if (sandbox !== undefined) return sandbox.close();
  return task.sandbox === "none" ? undefined : endSandbox(folder, task.id);
}

/** What is told and kept of a closed sandbox; closing again says nothing again. Pure. */
export function decideClosed(
  task: Task,
  receipt: Receipt | undefined,
  discardedBytes: number,
): Transition | undefined {
  if (isEnded(task) ? task.filesGone : task.sandbox !== "live") return undefined;
  const total = receipt && { ...receipt, bytesReturned: receipt.bytesReturned + discardedBytes };
  const next: Task = {
    ...task,
    ...(isEnded(task) ? { filesGone: true } : {}),
    ...(total === undefined ? {} : { sandbox: "ended", receipt: total }),
    previews: [],
  };
  if (total === undefined) return { task: next, events: [] };
  return {
    task: next,
    events: [
      ...(task.previews.length > 0 ? [{ type: "preview.changed" as const, ports: [] }] : []),
      { type: "sandbox.ended", reason: reasonOf(task), receipt: total },
    ],
  };
}

/** Answers the bytes: a large tree is out of the way by then, and removed by somebody else. */
async function discardFiles(context: RunContext, task: Task): Promise<number> {
  const { folder } = context.config;
  const { url, caller } = task.repository;
  let bytes = 0;
  try {
    const store = await openStore({ folder, url, caller });
    bytes = await store.discardWorkspace(task.id, { isPatient: false });
  } catch (error) {
    // An address that names no repository never had a workspace.
    if (!(error instanceof RepositoryError)) throw error;
  }
  return bytes + (await forgetSandbox(folder, task.id, { isPatient: false }));
}

function reasonOf(task: Task): "landed" | "discarded" | "idle" {
  if (task.state === "done") return "landed";
  return task.state === "discarded" ? "discarded" : "idle";
}

/** The spool goes with the sandbox: its bytes must be at the log sink before. */
async function logsShipped(context: RunContext, taskId: string): Promise<void> {
  const spool = spoolFolder(context.config.folder, taskId);
  const deadlineMs = Date.now() + shipWaitMs;
  // Where no bot runs, as for single commands, nobody takes the bytes.
  while ((await context.redis.exists(keys.leader("log-sink"))) === 1) {
    const files = (await readdir(spool).catch(() => [])).filter((file) => file.endsWith(".out"));
    const behind = await Promise.all(
      files.map(async (file) => {
        const acked = await context.redis.get(keys.logAck(taskId, file.slice(0, -".out".length)));
        return Number(acked ?? 0) < (await stat(join(spool, file))).size;
      }),
    );
    if (!behind.includes(true)) return;
    if (Date.now() > deadlineMs) {
      context.log.warn({ task: taskId }, "a log did not reach the sink in time");
      return;
    }
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

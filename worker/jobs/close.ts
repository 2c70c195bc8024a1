import { adoptSandbox, forgetSandbox } from "../../sandbox/sandbox.ts";
import { openStore } from "../../sandbox/workspace.ts";
import { closeRunSocket } from "../gateway/client.ts";
import type { Task } from "../protocol/task.ts";
import { isEnded } from "../protocol/task.ts";
import { readTask, type Transition, transact } from "../protocol/transition.ts";
import type { RunContext } from "../runs/run-context.ts";

/**
 * Ends a task's sandbox and says what is left of it. Files of an ended task go with it; those of
 * any other stay for the next run. Doing it twice changes nothing.
 */
export async function closeTask(context: RunContext, taskId: string): Promise<void> {
  const task = await readTask(context.redis, taskId);
  if (task === undefined || task.state === "running" || task.state === "landing") return;
  const { folder } = context.config;
  const sandbox = await adoptSandbox(folder, taskId);
  const receipt = await sandbox?.close();
  await closeRunSocket(folder, taskId);
  const discarded = isEnded(task) ? await discardFiles(context, task) : 0;
  await transact(context.redis, taskId, (newest): Transition | undefined => {
    if (newest.sandbox === "ended" || (newest.sandbox === "none" && receipt === undefined))
      return undefined;
    const total = receipt && { ...receipt, bytesReturned: receipt.bytesReturned + discarded };
    return {
      task: {
        ...newest,
        sandbox: "ended",
        previews: [],
        ...(total === undefined ? {} : { receipt: total }),
      },
      events: [
        ...(newest.previews.length > 0 ? [{ type: "preview.changed" as const, ports: [] }] : []),
        {
          type: "sandbox.ended",
          reason: reasonOf(newest),
          ...(total === undefined ? {} : { receipt: total }),
        },
      ],
    };
  });
}

async function discardFiles(context: RunContext, task: Task): Promise<number> {
  const { folder } = context.config;
  const store = await openStore({
    folder,
    url: task.repository.url,
    caller: task.repository.caller,
  });
  await store.discardWorkspace(task.id);
  return forgetSandbox(folder, task.id);
}

function reasonOf(task: Task): "landed" | "discarded" | "idle" {
  if (task.state === "done") return "landed";
  return task.state === "discarded" ? "discarded" : "idle";
}

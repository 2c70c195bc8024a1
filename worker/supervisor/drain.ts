import { adoptSandbox } from "../../sandbox/sandbox.ts";
import { keys } from "../protocol/keys.ts";
import type { Task } from "../protocol/task.ts";
import { readTask, transact } from "../protocol/transition.ts";
import type { RunContext } from "../runs/run-context.ts";
import { saveTask } from "../runs/save-task.ts";

/**
 * When the host's supervisor ends in order, its sandboxes end with it: files are saved first, and
 * what was at work is queued again, to go on from there when a supervisor is back.
 */
export async function drainSandboxes(context: RunContext): Promise<void> {
  const ids = await context.redis.smembers(keys.live);
  await Promise.all(
    ids.map(async (id) => {
      try {
        await drainOne(context, id);
      } catch (error) {
        context.log.warn({ task: id, err: error }, "ending a sandbox");
      }
    }),
  );
}

async function drainOne(context: RunContext, id: string): Promise<void> {
  const task = await readTask(context.redis, id);
  if (task === undefined || task.sandbox !== "live" || task.host !== context.config.host) return;
  const sandbox = await adoptSandbox(context.config.folder, id);
  if (sandbox !== undefined) {
    await saveTask(context, task, sandbox).catch((error: unknown) => {
      context.log.warn({ task: id, err: error }, "saving before the end");
    });
    await sandbox.close();
  }
  await transact(context.redis, id, (newest) => ({
    task: { ...requeue(newest), sandbox: "ended", previews: [] },
    events: [{ type: "sandbox.ended", reason: "idle" }],
  }));
}

function requeue(task: Task): Task {
  if (task.state !== "running") return task;
  return { ...task, state: "queued", epoch: task.epoch + 1 };
}

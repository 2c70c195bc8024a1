import { renderStatus, renderTaskStatus } from "../replies/status.ts";
import type { Answer, CommandContext } from "./context.ts";

/** `status`: of the thread's task, or of all. */
export async function status({ client, thread }: CommandContext): Promise<Answer> {
  const task = thread === undefined ? undefined : await client.taskOfThread(thread);
  if (task !== undefined) return { to: "asker", draft: renderTaskStatus(task) };
  return { to: "asker", draft: renderStatus(await client.tasks(50)) };
}

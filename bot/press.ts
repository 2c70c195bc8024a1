import { Refusal } from "../worker/protocol/refusal.ts";
import { refuseStrangers } from "./access.ts";
import type { Chat, MessageId } from "./chat.ts";
import { type Answer, type CommandContext, silent } from "./commands/context.ts";
import { takeOptions } from "./commands/parse.ts";
import { run } from "./commands/run.ts";
import { diff, logs } from "./commands/show-words.ts";
import { discard, retry, stop } from "./commands/task-words.ts";
import type { Deed } from "./post.ts";

/** Does what a button stands for. The task's own transitions see to it that the first click wins. */
export async function pressDeed(context: CommandContext, deed: Deed, chat: Chat): Promise<Answer> {
  if (deed.kind === "run") return runRequest(context, deed, chat);
  const { client, person, origin } = context;
  const task = await client.task(deed.taskId);
  if (task === undefined) throw new Refusal("This task is no longer kept.");
  switch (deed.kind) {
    case "merge":
      refuseStrangers(task, context);
      await client.merge(task.id, person, deed.tree, origin);
      return silent;
    case "permission": {
      refuseStrangers(task, context);
      const { requestId, optionId } = deed;
      await client.answerPermission(task.id, { requestId, optionId, by: person }, origin);
      return silent;
    }
    case "egress": {
      refuseStrangers(task, context);
      const { host, verdict, scope } = deed;
      if (scope === "repository" && !context.isAdmin) {
        throw new Refusal("Only admins may decide for all tasks of a repository.");
      }
      const wish = { host, verdict, scope, by: person, changes: false };
      await client.decideEgress(task.id, wish, origin);
      return silent;
    }
    case "stop":
      return stop(context, task);
    case "discard":
      return discard(context, task);
    case "retry":
      return retry(context, task);
    case "diff":
      return diff(context, task);
    case "logs":
      return logs(context, task);
  }
}

/** A message that was no command becomes one, with its thread below it; pressed twice, once. */
function runRequest(
  context: CommandContext,
  deed: Extract<Deed, { kind: "run" }>,
  chat: Chat,
): Promise<Answer> {
  const { text, options } = takeOptions(deed.request);
  return run({
    ...context,
    rest: text,
    options,
    origin: `run:${deed.message}`,
    newThread: async () => chat.threadOf(deed.message as MessageId),
  });
}

import { Refusal } from "../../worker/protocol/refusal.ts";
import type { Task } from "../../worker/protocol/task.ts";
import { plain } from "../replies/wording.ts";

/** Who asked may act on a task, and admins; being in the channel is no right. */
export function refuseStrangers(
  task: Task,
  who: { readonly person: { readonly id: string }; readonly isAdmin: boolean },
): void {
  if (who.isAdmin || who.person.id === task.requester.id) return;
  throw new Refusal(
    `Only ${plain(task.requester.name)}, who asked for it, and admins may do that.`,
  );
}

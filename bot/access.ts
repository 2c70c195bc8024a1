import { Refusal } from "../worker/protocol/refusal.ts";
import type { Task } from "../worker/protocol/task.ts";
import { plain } from "./replies/wording.ts";

/** Who wants something, as the platform knows them. */
export interface Actor {
  readonly person: { readonly id: string };
  readonly isAdmin: boolean;
}

/** Who asked may act on a task and open its preview, and admins; being in the channel is no right. */
export function mayAct(task: Task, who: Actor): boolean {
  return who.isAdmin || who.person.id === task.requester.id;
}

export function refuseStrangers(task: Task, who: Actor): void {
  if (!mayAct(task, who)) throw new Refusal(strangersSentence(task));
}

export function strangersSentence(task: Task): string {
  return `Only ${plain(task.requester.name)}, who asked for it, and admins may do that.`;
}

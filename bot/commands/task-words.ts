import { Refusal } from "../../worker/protocol/refusal.ts";
import { refuseStrangers } from "../access.ts";
import { silent, type TaskHandler } from "./context.ts";

/*
 * The words whose whole effect is a transition: the card says what came of it.
 */

export const stop: TaskHandler = async (context, task) => {
  refuseStrangers(task, context);
  await context.client.stop(task.id, context.person, context.origin);
  return silent;
};

/** Said in words it means the newest change; a button means the tree that it stands under. */
export const merge: TaskHandler = async (context, task) => {
  refuseStrangers(task, context);
  await context.client.merge(task.id, context.person, task.change?.tree, context.origin);
  return silent;
};

export const discard: TaskHandler = async (context, task) => {
  refuseStrangers(task, context);
  await context.client.discard(task.id, context.person, context.origin);
  return silent;
};

export const retry: TaskHandler = async (context, task) => {
  refuseStrangers(task, context);
  await context.client.retry(task.id, context.person, context.origin);
  return silent;
};

/** A plain reply, `now <text>` with the interruption. */
export function reply(text: string, interrupt: boolean): TaskHandler {
  return async (context, task) => {
    refuseStrangers(task, context);
    if (text === "") throw new Refusal("The reply is empty.");
    const prompt = { text, by: context.person, interrupt };
    await context.client.reply(task.id, prompt, context.origin);
    return silent;
  };
}

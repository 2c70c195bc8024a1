import type { Sandbox } from "../../sandbox/sandbox.ts";
import { openStore } from "../../sandbox/workspace.ts";
import type { Task } from "../protocol/task.ts";
import { authorOf, titleOf, trailersOf } from "./colony.ts";
import type { RunContext } from "./run-context.ts";

/** Saves the files of a task that nobody drives, without telling anybody. */
export async function saveTask(context: RunContext, task: Task, sandbox?: Sandbox): Promise<void> {
  const { url, caller } = task.repository;
  const store = await openStore({ folder: context.config.folder, url, caller });
  await store.snapshot(task.id, {
    title: titleOf(task),
    author: authorOf(task),
    trailers: trailersOf(task),
    ...(sandbox === undefined ? {} : { sandbox }),
  });
}

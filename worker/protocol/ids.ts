import { randomInt } from "node:crypto";
import { z } from "zod";

/** Six letters and digits, starting with a letter: it is also a DNS label and a bookmark name. */
export const taskIdSchema = z
  .string()
  .regex(/^[a-z][a-z0-9]{5}$/, "a task id has six small letters and digits, such as k3f9ab")
  .brand("TaskId");
export type TaskId = z.infer<typeof taskIdSchema>;

/** `TASK-N`: the N-th attempt at a task, counted from 1. */
export type RunId = string & { readonly __brand: "RunId" };

// Without vowels no id spells a word; without 0, 1, l and o none is misread.
const letters = "bcdfghjkmnpqrstvwxz";
const letterOrDigit = `${letters}23456789`;

/** A fresh random id: 19 · 27⁵ of them, so a clash within one installation is refused, not assumed away. */
export function newTaskId(): TaskId {
  let id = letters[randomInt(letters.length)] ?? "t";
  while (id.length < 6) id += letterOrDigit[randomInt(letterOrDigit.length)];
  return id as TaskId;
}

export function runId(task: TaskId, run: number): RunId {
  return `${task}-${run}` as RunId;
}

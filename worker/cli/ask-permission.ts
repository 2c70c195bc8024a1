import { createInterface } from "node:readline/promises";
import type { Client } from "../protocol/client.ts";
import { permissionOrder } from "../protocol/decisions.ts";
import type { PermissionRequest } from "../protocol/permission.ts";
import { Refusal } from "../protocol/refusal.ts";
import type { Person, Task } from "../protocol/task.ts";
import { nearestOf } from "../settings/parse-settings.ts";
import { cleanLine } from "./show/clean-text.ts";
import type { Voice } from "./show/voice.ts";

/** The agent's options in the order in which they are shown and counted, everywhere. */
export function orderOptions(request: PermissionRequest): PermissionRequest["options"] {
  return request.options.toSorted(
    (a, b) => permissionOrder.indexOf(a.kind) - permissionOrder.indexOf(b.kind),
  );
}

/** What a person wrote as answer: its number, its kind (`allow-once`), its id or its name. */
export function decideOption(
  request: PermissionRequest,
  answer: string,
): { readonly optionId: string } | { readonly nearest: string | undefined } {
  const options = orderOptions(request);
  const word = answer.trim().toLowerCase();
  const counted = /^\d{1,2}$/.test(word) ? options[Number(word) - 1] : undefined;
  const named = options.find(
    ({ id, name, kind }) =>
      id.toLowerCase() === word ||
      name.toLowerCase() === word ||
      kind === word.replaceAll(/[- ]/g, "_"),
  );
  const chosen = counted ?? named;
  if (chosen !== undefined) return { optionId: chosen.id };
  return {
    nearest: nearestOf(
      word,
      options.flatMap(({ name, kind }) => [kind.replaceAll("_", "-"), name.toLowerCase()]),
    ),
  };
}

/** The lines that a question is shown with. */
export function renderQuestion(task: Task, request: PermissionRequest, asks: boolean): string[] {
  const options = orderOptions(request).map(
    ({ name }, index) => `  ${index + 1}  ${cleanLine(name)}`,
  );
  return asks ? options : [...options, `Answer with: colony answer ${task.id} NUMBER`];
}

/** Asks on the terminal until an answer is taken or `signal` says that it is answered elsewhere. */
export async function askPermission(
  client: Client,
  task: Task,
  options: { readonly voice: Voice; readonly by: Person; readonly signal: AbortSignal },
): Promise<void> {
  const { voice, by, signal } = options;
  const request = task.permission;
  if (request === undefined) return;
  for (const line of renderQuestion(task, request, true)) voice.note(line);
  const lines = createInterface({ input: process.stdin, output: process.stderr });
  // Else readline swallows Ctrl-C.
  lines.on("SIGINT", () => process.emit("SIGINT"));
  try {
    for (;;) {
      const answer = await lines.question("Your answer: ", { signal });
      const decided = decideOption(request, answer);
      if ("nearest" in decided) {
        const hint = decided.nearest === undefined ? "" : ` Did you mean ${decided.nearest}?`;
        voice.note(`Type a number from 1 to ${request.options.length}.${hint}`);
        continue;
      }
      const { requestId } = request;
      await client.answerPermission(task.id, { requestId, optionId: decided.optionId, by });
      return;
    }
  } catch (error) {
    if (signal.aborted) voice.note("");
    else if (error instanceof Refusal) voice.note(error.message);
    else throw error;
  } finally {
    lines.close();
  }
}

import { renderHelp } from "../replies/help.ts";
import { sentence } from "../replies/sentence.ts";
import type { CommandHandler, TaskHandler } from "./context.ts";
import { invite } from "./invite.ts";
import { repos } from "./repos.ts";
import { run } from "./run.ts";
import { diff, files, logs, net, preview, shot } from "./show-words.ts";
import { status } from "./status.ts";
import { discard, merge, retry, stop } from "./task-words.ts";
import { use } from "./use.ts";
import { words } from "./words.ts";

const help: CommandHandler = async () => ({ to: "asker", draft: renderHelp(words) });

/** Words that are said anywhere. */
export const handlers: ReadonlyMap<string, CommandHandler> = new Map<string, CommandHandler>([
  ["run", run],
  ["use", use],
  ["repos", repos],
  ["invite", invite],
  ["status", status],
  ["help", help],
  ...words.flatMap((word): [string, CommandHandler][] => {
    const { later } = word;
    if (later === undefined) return [];
    return [[word.word, async () => ({ to: "asker", draft: sentence(later) })]];
  }),
]);

/** Words about the task of the thread. */
export const taskHandlers: ReadonlyMap<string, TaskHandler> = new Map([
  ["stop", stop],
  ["merge", merge],
  ["discard", discard],
  ["retry", retry],
  ["diff", diff],
  ["files", files],
  ["logs", logs],
  ["preview", preview],
  ["shot", shot],
  ["net", net],
]);

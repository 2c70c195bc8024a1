import type { Logger } from "pino";
import type { Client } from "../worker/protocol/client.ts";
import { Refusal } from "../worker/protocol/refusal.ts";
import { UnknownTaskError } from "../worker/protocol/transition.ts";
import { finishPost, readDeed } from "./buttons.ts";
import type { Chat, Delivery, ThreadId } from "./chat.ts";
import type { Answer, CommandContext } from "./commands/context.ts";
import { handlers, taskHandlers } from "./commands/handlers.ts";
import { type Command, parseMessage } from "./commands/parse.ts";
import { reply } from "./commands/task-words.ts";
import type { Caller } from "./config.ts";
import type { Draft } from "./post.ts";
import { pressDeed } from "./press.ts";
import { sentence } from "./replies/sentence.ts";
import { renderChatter, renderNoTask, renderTrouble, renderUnknown } from "./replies/trouble.ts";

export interface RouterParts {
  readonly client: Client;
  readonly caller: Caller;
  readonly sharesHost: boolean;
  readonly logs: string;
  readonly log: Logger;
}

/** From a delivery to its visible outcome: each gets an answer, or an effect that is seen. */
export function openRouter(parts: RouterParts, chat: Chat): (delivery: Delivery) => Promise<void> {
  return async (delivery) => {
    const answer = await answerTo(parts, chat, delivery).catch((error: unknown) => {
      if (isRedisTrouble(error)) throw error;
      if (error instanceof Refusal || error instanceof UnknownTaskError) {
        return { to: "asker", draft: sentence(error.message) } satisfies Answer;
      }
      parts.log.error({ err: error, delivery: delivery.id }, "handling a delivery");
      return { to: "asker", draft: renderTrouble() } satisfies Answer;
    });
    await give(parts, chat, delivery, answer).catch((error: unknown) => {
      if (isRedisTrouble(error)) throw error;
      // One answer that cannot be given must not hold back everybody's.
      parts.log.error({ err: error, delivery: delivery.id }, "giving an answer");
    });
  };
}

async function answerTo(parts: RouterParts, chat: Chat, delivery: Delivery): Promise<Answer> {
  const { client } = parts;
  const context = contextOf(parts, chat, delivery);
  if (delivery.kind === "press") {
    const deed = await readDeed(client.redis, delivery.token);
    if (deed === undefined) throw new Refusal("This button is too old and does nothing any more.");
    return pressDeed(context, deed, chat);
  }
  const { thread } = delivery;
  const task = thread === undefined ? undefined : await client.taskOfThread(thread);
  const command = parseMessage({ ...delivery, inTask: task !== undefined });
  if (command.kind === "chatter") return chatter(delivery, command.text);
  if (command.kind === "unknown") return toAsker(renderUnknown(command));
  if (command.kind === "reply") {
    if (task === undefined) return toAsker(renderNoTask());
    const answer = await reply(command.text, command.interrupt)(context, task);
    if (delivery.message !== undefined) await chat.mark(delivery.message, "received");
    return answer;
  }
  return sayWord(context, command, task);
}

async function sayWord(
  context: CommandContext,
  command: Extract<Command, { kind: "word" }>,
  task: Awaited<ReturnType<Client["taskOfThread"]>>,
): Promise<Answer> {
  const said = { ...context, rest: command.rest, options: command.options };
  const handler = handlers.get(command.word);
  if (handler !== undefined) return handler(said);
  const named = task ?? (await context.client.task(command.rest));
  const taskHandler = taskHandlers.get(command.word);
  if (taskHandler === undefined || named === undefined) {
    const isName = taskHandler !== undefined && /^\S+$/.test(command.rest);
    return toAsker(renderNoTask(command.word, isName ? command.rest : undefined));
  }
  return taskHandler(said, named);
}

/** Something said at the top of a channel, to nobody: offered as a request, never started unasked. */
function chatter(delivery: Extract<Delivery, { kind: "message" }>, text: string): Answer {
  if (delivery.thread !== undefined || delivery.message === undefined)
    return toAsker(renderNoTask());
  return toAsker(renderChatter(text, delivery.message));
}

function contextOf(parts: RouterParts, chat: Chat, delivery: Delivery): CommandContext {
  const { client, caller, sharesHost, logs } = parts;
  const { channel, thread, person, isAdmin } = delivery;
  const message = delivery.kind === "message" ? delivery.message : undefined;
  return {
    client,
    caller,
    sharesHost,
    logs,
    origin: delivery.id,
    person,
    isAdmin,
    channel,
    ...(thread === undefined ? {} : { thread }),
    ...(message === undefined ? {} : { message }),
    async newThread() {
      if (message !== undefined && thread === undefined) return chat.threadOf(message);
      const text = delivery.kind === "message" ? delivery.text : "";
      const quoted = await finishPost(client.redis, sentence(text));
      return chat.threadOf(await chat.post(chat.topOf(channel), quoted, `request:${delivery.id}`));
    },
    ...(chat.invite === undefined
      ? {}
      : { invite: async (member) => (await chat.invite?.(member, channel)) ?? "" }),
    rest: "",
    options: {},
  };
}

async function give(
  parts: RouterParts,
  chat: Chat,
  delivery: Delivery,
  answer: Answer,
): Promise<void> {
  if (answer.to === "nobody") return;
  const post = await finishPost(parts.client.redis, answer.draft);
  const key = `answer:${delivery.id}`;
  const thread: ThreadId | undefined = delivery.thread;
  if (answer.to === "thread" && thread !== undefined) await chat.post(thread, post, key);
  else await chat.answerPrivately(delivery, delivery.person, post, key);
}

function toAsker(draft: Draft): Answer {
  return { to: "asker", draft };
}

/** The delivery stays in its inbox and is handled when Redis is back. */
function isRedisTrouble(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  const code = (error as NodeJS.ErrnoException).code ?? "";
  return (
    /^(ECONN|EPIPE|ENOENT|ETIMEDOUT)/.test(code) ||
    error.name === "MaxRetriesPerRequestError" ||
    error.name === "AbortError"
  );
}

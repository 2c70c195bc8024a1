import type { Client } from "../../worker/protocol/client.ts";
import type { Person, Task } from "../../worker/protocol/task.ts";
import type { ChannelId, MessageId, ThreadId } from "../chat.ts";
import type { Caller } from "../config.ts";
import type { Draft } from "../post.ts";
import type { Options } from "./parse.ts";

/** Where, by whom and with what a command was said. */
export interface CommandContext {
  readonly client: Client;
  readonly caller: Caller;
  /** Whether the worker's paths are those of this host. */
  readonly sharesHost: boolean;
  /** Folder with the terminal logs. */
  readonly logs: string;
  /** Id of the delivery: the same one again must count once. */
  readonly origin: string;
  readonly person: Person;
  readonly isAdmin: boolean;
  readonly channel: ChannelId;
  readonly thread?: ThreadId;
  readonly message?: MessageId;
  /** Thread that a new task would have. */
  readonly newThread: () => Promise<ThreadId>;
  /** Makes a one-time link for a new member; absent where people need none. */
  readonly invite?: (member: Person) => Promise<string>;
  readonly rest: string;
  readonly options: Options;
}

/** What comes of a command at once; what comes later is told by events. */
export type Answer =
  | { readonly to: "asker" | "thread"; readonly draft: Draft }
  /** The command's effect is seen without words of ours. */
  | { readonly to: "nobody" };

export type CommandHandler = (context: CommandContext) => Promise<Answer>;
/** A command about the task of the thread in which it is said. */
export type TaskHandler = (context: CommandContext, task: Task) => Promise<Answer>;

export const silent: Answer = { to: "nobody" };

import { text } from "../../../worker/demo/story.ts";
import type { PressedButton, SeenMessage, Visitor } from "../../../worker/demo/visitor.ts";
import type { Task } from "../../../worker/protocol/task.ts";
import type { Installation } from "./installation.ts";
import { makeRepository, type TestRepository } from "./repository.ts";

/** Long enough for a busy machine; nothing is measured by it. */
const stepMs = 180_000;
/** A task that failed says nothing more by itself: who waits for something else waits in vain. */
const failedMs = 15_000;

/** A channel with a repository of its own, as a person has it on the page. */
export interface Channel {
  readonly name: string;
  readonly repository: TestRepository;
}

/** A thread, with the words of a person who looks at it. */
export interface Talk {
  says(text: string, who?: Visitor): Promise<void>;
  presses(label: string, who?: Visitor): Promise<PressedButton>;
  /** Waits for a message of Colony's that says this; answers all that the message says. */
  sees(what: RegExp, who?: Visitor): Promise<string>;
  /** Waits for a message of this look. */
  seesMessage(what: string, wanted: (message: SeenMessage) => boolean): Promise<SeenMessage>;
  /** All that Colony has said so far. */
  whole(): Promise<string>;
  task(): Promise<Task>;
}

export async function openChannel(
  colony: Installation,
  name: string,
  files: Readonly<Record<string, string>>,
): Promise<Channel> {
  const repository = makeRepository(files);
  await bind(colony, name, repository.path);
  return { name, repository };
}

export async function bind(colony: Installation, channel: string, url: string): Promise<void> {
  const caller = { uid: 0, gid: 0, home: "/root", env: {} };
  await colony.client.addRepository({ name: channel, url, caller });
  await colony.client.bindChannel(`local:${channel}`, channel);
}

/** `/colony run …` at the top of a channel opens a thread. */
export async function ask(
  colony: Installation,
  asker: Visitor,
  channel: string,
  words: string,
): Promise<Talk> {
  const root = await asker.say({ channel, root: "" }, words);
  const place = { channel, root };
  const thread = `local:${channel}:${root}`;
  const within = () => AbortSignal.timeout(stepMs);
  const fromColony = (message: SeenMessage) => message.person === undefined;
  const whole = async () =>
    (await asker.messages(place)).filter(fromColony).map(text).join("\n---\n");
  return {
    async says(said, who = asker) {
      await who.say(place, said);
    },
    presses: (label, who = asker) => who.press(place, label, within()),
    async sees(what, who = asker) {
      const wanted = (message: SeenMessage) => fromColony(message) && what.test(text(message));
      const lost = new AbortController();
      const watch = setInterval(async () => {
        const task = await colony.client.taskOfThread(thread);
        const sinceMs = Date.now() - (task?.endedAtMs ?? Date.now());
        if (task?.state === "failed" && sinceMs > failedMs) lost.abort();
      }, 1_000);
      try {
        const signal = AbortSignal.any([lost.signal, within()]);
        return text(await who.waitFor(place, String(what), wanted, signal));
      } catch (error) {
        throw new Error(`${String(error)}\n${await whole()}\n${colony.troubles().join("\n")}`);
      } finally {
        clearInterval(watch);
      }
    },
    async seesMessage(what, wanted) {
      const seen = (message: SeenMessage) => fromColony(message) && wanted(message);
      try {
        return await asker.waitFor(place, what, seen, within());
      } catch (error) {
        throw new Error(`${String(error)}\n${await whole()}\n${colony.troubles().join("\n")}`);
      }
    },
    whole,
    async task() {
      const task = await colony.client.taskOfThread(thread);
      if (task === undefined) throw new Error(`The thread of "${words}" has no task.`);
      return task;
    },
  };
}

/** The blocks of one kind in a message, for tests of what a person sees beside text. */
export function blocksOf(message: SeenMessage, kind: string): readonly Record<string, unknown>[] {
  return (message.post?.blocks ?? []).filter((block) => block.kind === kind);
}

export function labelsOf(message: SeenMessage): readonly unknown[] {
  return blocksOf(message, "buttons").flatMap(({ buttons }) =>
    Array.isArray(buttons) ? buttons.map((button: { label?: unknown }) => button.label) : [],
  );
}

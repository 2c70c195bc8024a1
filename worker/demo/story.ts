import type { SeenMessage, ThreadPlace, Visitor } from "./visitor.ts";
import { StoryError } from "./visitor.ts";

/** The demo's channel and its requests, in the words that the scripted agent knows. */
export const channel = "bakery";
export const requests = {
  headline: "Give the page a new headline and a warm colour theme",
  hours: "Add opening hours that say whether it is open now",
  order: "Reword the button to Order online",
  table: "Reword the button to Book a table",
  settle: "Please settle the conflict",
} as const;

/** A task of the story, and what its thread came to. */
export interface Chapter {
  readonly title: string;
  readonly place: ThreadPlace;
  readonly messages: readonly SeenMessage[];
}

export interface StoryOptions {
  readonly visitor: Visitor;
  readonly say: (line: string) => void;
  /** The person at the page presses the buttons instead of us. */
  readonly handsOff: boolean;
  /** Called at points worth a picture. */
  readonly picture: (name: string, place: ThreadPlace) => Promise<void>;
  readonly stepTimeoutMs: number;
}

/**
 * Two agents change the same file at once and both land; then two change the same line, the second
 * is told, settles it on a reply, and lands too. Hands off, the person decides the order of it all.
 * Rejects with a StoryError at the first thing that does not come.
 */
export async function playStory(options: StoryOptions): Promise<readonly Chapter[]> {
  const { visitor, say, picture } = options;
  const within = () => AbortSignal.timeout(options.stepTimeoutMs);

  say("Baker asks for two changes of the same page, at the same time.");
  const headline = await ask(requests.headline);
  const hours = await ask(requests.hours);
  if (options.handsOff) say("One of the agents asks before it goes on: answer it in its thread.");
  await press(hours, "Allow once");
  await picture("two-at-work", hours);
  await Promise.all([pictures(headline), pictures(hours)]);
  await Promise.all([result(headline), result(hours)]);
  await picture("ready-for-review", await cardOf(headline));
  if (options.handsOff) say("Both are ready. Press Merge in the one thread, then in the other.");
  await press(headline, "Merge");
  await press(hours, "Merge");
  await landed(headline);
  await landed(hours);
  say("Both are merged. Now two agents change the same line.");

  const order = await ask(requests.order);
  const table = await ask(requests.table);
  await Promise.all([result(order), result(table)]);
  if (options.handsOff) {
    say(
      "Merge both, in either order. The later one conflicts: reply to it `keep both`, merge again.",
    );
    await Promise.all([landed(order), landed(table)]);
    say("All four are merged; that was the story. The channel is yours: try /colony help.");
    return told();
  }
  await press(order, "Merge");
  await landed(order);
  await press(table, "Merge");
  await visitor.waitFor(
    table,
    "The line about the conflict",
    (message) => /Not merged: .* conflicts with/.test(text(message)),
    within(),
  );
  await picture("conflict", await cardOf(table));
  say("The second one conflicts; a reply has its agent settle it.");
  await visitor.say(table, requests.settle);
  await visitor.waitFor(
    table,
    "The settled result",
    (message) => /keeping both|settled/i.test(text(message)),
    within(),
  );
  await press(table, "Merge");
  await landed(table);
  await picture("all-merged", await cardOf(table));
  return told();

  function told(): Promise<Chapter[]> {
    const titles = [
      [requests.headline, headline],
      [requests.hours, hours],
      [requests.order, order],
      [requests.table, table],
    ] as const;
    return Promise.all(
      titles.map(async ([title, place]) => ({
        title,
        place,
        messages: await visitor.messages(place),
      })),
    );
  }
  async function ask(request: string): Promise<ThreadPlace> {
    say(`> /colony run ${request}`);
    const root = await visitor.say({ channel, root: "" }, `/colony run ${request}`);
    return { channel, root };
  }
  /** Where the newest card of the thread is. */
  async function cardOf(place: ThreadPlace): Promise<ThreadPlace> {
    const messages = await visitor.messages(place);
    const card = messages.findLast((message) => hasBlock(message, "title"));
    return card === undefined ? place : { ...place, at: card.id };
  }
  async function press(place: ThreadPlace, label: string): Promise<void> {
    if (options.handsOff) return;
    await visitor.press(place, label, within());
    say(`[${label}]`);
  }
  async function pictures(place: ThreadPlace): Promise<void> {
    await visitor.waitFor(
      place,
      "A screenshot",
      (message) => hasBlock(message, "pictures"),
      within(),
    );
  }
  async function result(place: ThreadPlace): Promise<void> {
    const last = await visitor.waitFor(
      place,
      "The result with its Merge button",
      (message) => hasButton(message, "Merge") || hasButton(message, "Retry"),
      within(),
    );
    if (!hasButton(last, "Merge")) throw new StoryError(`A run failed: ${text(last)}`);
  }
  async function landed(place: ThreadPlace): Promise<void> {
    const receipt = await visitor.waitFor(
      place,
      "The receipt",
      (message) => /0 processes, 0 mounts, 0 cgroups/.test(text(message)),
      within(),
    );
    say(
      text(receipt)
        .split("\n")
        .find((line) => line.includes("0 processes")) ?? "",
    );
  }
}

/** Everything that a message says, as plain text. */
export function text(message: SeenMessage): string {
  return [
    message.text ?? "",
    message.post?.fallback ?? "",
    ...(message.post?.blocks ?? []).flatMap(words),
  ].join("\n");
}

function words(value: unknown): string[] {
  if (typeof value === "string") return [value];
  if (Array.isArray(value)) return value.flatMap(words);
  if (typeof value === "object" && value !== null) return Object.values(value).flatMap(words);
  return [];
}

function hasBlock(message: SeenMessage, kind: string): boolean {
  return message.post?.blocks.some((block) => block.kind === kind) ?? false;
}

function hasButton(message: SeenMessage, label: string): boolean {
  return JSON.stringify(message.post?.blocks ?? []).includes(`"label":${JSON.stringify(label)}`);
}

/** Fails when a thread says something that the story does not know. */
export function requireCleanReceipts(chapters: readonly Chapter[]): void {
  for (const { title, messages } of chapters) {
    if (!messages.some((message) => /0 processes, 0 mounts, 0 cgroups/.test(text(message)))) {
      throw new StoryError(`"${title}" has no receipt with nothing left behind.`);
    }
  }
}

import type { Role } from "../../../worker/protocol/sign-in.ts";
import type { Person } from "../../../worker/protocol/task.ts";
import type { ShownChannel } from "../channels.ts";
import type { CompletedWord, ShownMessage } from "../message.ts";

export interface PageStart {
  readonly person: Person;
  readonly role: Role;
  readonly channels: readonly ShownChannel[];
  readonly read: Readonly<Record<string, string>>;
  readonly cursor: string;
  readonly repositories: readonly string[];
  readonly words: readonly CompletedWord[];
}

/** The server said no, or could not be reached. */
export class AskError extends Error {
  override readonly name = "AskError";
  readonly status: number;
  constructor(status: number, sentence: string) {
    super(sentence);
    this.status = status;
  }
}

async function ask<T>(path: string, body?: unknown): Promise<T> {
  const request: RequestInit =
    body === undefined
      ? {}
      : {
          method: "POST",
          headers: { "Content-Type": "application/json" },
          body: JSON.stringify(body),
        };
  const response = await fetch(path, request).catch(() => {
    throw new AskError(0, "Colony does not answer; trying again.");
  });
  const answer = (await response.json().catch(() => ({}))) as { sentence?: string };
  if (!response.ok) throw new AskError(response.status, answer.sentence ?? "That did not work.");
  return answer as T;
}

export function fetchStart(): Promise<PageStart> {
  return ask("/api/state");
}

export function fetchMessages(
  channel: string,
  root: string,
  before?: number,
): Promise<{ messages: ShownMessage[]; earlier: boolean }> {
  const query = new URLSearchParams({ channel, root });
  if (before !== undefined) query.set("before", String(before));
  return ask(`/api/messages?${query}`);
}

export function sendMessage(message: {
  channel: string;
  root: string;
  text: string;
  origin: string;
}): Promise<{ id: string }> {
  return ask("/api/messages", message);
}

export function pressButton(press: {
  message: string;
  token: string;
  origin: string;
}): Promise<void> {
  return ask("/api/press", press);
}

export function saveRead(place: string, number: number): Promise<void> {
  return ask("/api/read", { place, number });
}

export function openChannel(name: string): Promise<{ name: string }> {
  return ask("/api/channels", { name });
}

/** Text of an artifact: shown as text, whatever it says it is. */
export async function fetchText(artifactId: string): Promise<string> {
  const response = await fetch(`/artifact/${artifactId}?show=1`);
  if (!response.ok) throw new AskError(response.status, "This file is no longer kept.");
  return response.text();
}

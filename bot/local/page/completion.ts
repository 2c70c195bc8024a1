import type { CompletedWord } from "../message.ts";

export interface Completion {
  /** What the composer's text becomes. */
  readonly text: string;
  readonly label: string;
  readonly about: string;
}

/** What could be meant by what was typed so far; nothing unless it begins with `/`. */
export function complete(
  typed: string,
  words: readonly CompletedWord[],
  repositories: readonly string[],
  inThread: boolean,
): readonly Completion[] {
  const start = /^\/(?:(colony)\s+)?([a-z]*)$/i.exec(typed);
  if (start !== null) {
    const part = (start[2] ?? "").toLowerCase();
    const all = start[1] === undefined && "colony".startsWith(part);
    return words
      .filter((word) => word.where === "both" || (word.where === "thread") === inThread)
      .filter((word) => all || word.word.startsWith(part))
      .map((word) => ({
        text: `/colony ${word.word}${word.usage === word.word ? "" : " "}`,
        label: `/colony ${word.usage}`,
        about: word.about,
      }));
  }
  const use = /^\/colony\s+use\s+(\S*)$/i.exec(typed);
  if (use !== null) {
    return repositories
      .filter((name) => name.startsWith(use[1] ?? "") && name !== use[1])
      .map((name) => ({ text: `/colony use ${name}`, label: name, about: "repository" }));
  }
  return [];
}

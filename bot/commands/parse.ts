import { closest, distance } from "fastest-levenshtein";
import { words } from "./words.ts";

/** Options that stand anywhere in a request: `[repo=… base=… agent=…]` or `--agent x`. */
export interface Options {
  readonly repo?: string;
  readonly base?: string;
  readonly agent?: string;
}

/** What a person told the bot. */
export type Command =
  | {
      readonly kind: "word";
      readonly word: string;
      readonly rest: string;
      readonly options: Options;
    }
  | { readonly kind: "unknown"; readonly word: string; readonly nearest: string | undefined }
  | { readonly kind: "reply"; readonly text: string; readonly interrupt: boolean }
  | { readonly kind: "chatter"; readonly text: string };

const optionNames = ["repo", "base", "agent"] as const;
/** Words that do something in a thread only when they are the whole message. */
const bare: ReadonlySet<string> = new Set(
  words.filter((word) => word.where !== "channel").map((word) => word.word),
);

/**
 * Reads a message. Addressed (a slash command, a mention), its first word must be one of ours. In
 * a task's thread everything else is for the agent, except a word of ours that stands alone.
 */
export function parseMessage(message: {
  readonly text: string;
  readonly addressed: boolean;
  readonly inTask: boolean;
}): Command {
  const text = message.text.trim();
  const first = (/^\S*/.exec(text)?.[0] ?? "").toLowerCase();
  const rest = text.slice(first.length).trim();
  if (message.inTask && first === "now" && rest !== "") {
    return { kind: "reply", text: rest, interrupt: true };
  }
  if (!message.addressed) {
    const alone = text.toLowerCase().replace(/[.!]+$/, "");
    if (message.inTask && bare.has(alone) && alone !== "now") return word(alone, "");
    return message.inTask ? { kind: "reply", text, interrupt: false } : { kind: "chatter", text };
  }
  if (first === "") return word("help", "");
  // The terminal's name for it.
  if (first === "ps") return word("status", rest);
  if (words.some((known) => known.word === first)) return word(first, rest);
  return { kind: "unknown", word: first, nearest: nearestWord(first) };
}

function word(name: string, rest: string): Command {
  const { text, options } = takeOptions(rest);
  return { kind: "word", word: name, rest: text, options };
}

/** Takes the options off a request. What only looks like one stays part of it. */
export function takeOptions(text: string): { readonly text: string; readonly options: Options } {
  const found: { repo?: string; base?: string; agent?: string } = {};
  const pair = (name: string, value: string) => {
    const known = optionNames.find((option) => option === name.toLowerCase());
    if (known !== undefined) found[known] = unquote(value);
    return known !== undefined;
  };
  let left = text.replace(/\[([^\]\n]{1,4000})\][ \t]?/g, (whole, inside: string) => {
    const pairs = [...inside.matchAll(/([a-z]+)=("[^"]*"|'[^']*'|\S+)/gi)];
    const covered = pairs.map(([match]) => match).join(" ");
    const isOptions = pairs.length > 0 && covered === inside.trim().replace(/\s+/g, " ");
    if (!isOptions || pairs.some(([, name = ""]) => !isOption(name))) return whole;
    for (const [, name = "", value = ""] of pairs) pair(name, value);
    return "";
  });
  left = left.replace(
    /(^|\s)--([a-z]+)(?:=|\s+)("[^"]*"|'[^']*'|\S+)/gi,
    (whole, _space: string, name: string, value: string) => (pair(name, value) ? "" : whole),
  );
  return { text: left.trim(), options: found };
}

function isOption(name: string): boolean {
  return optionNames.some((option) => option === name.toLowerCase());
}

function unquote(value: string): string {
  return /^(["']).*\1$/s.test(value) ? value.slice(1, -1) : value;
}

/** The word that was probably meant. */
export function nearestWord(word: string): string | undefined {
  const nearest = closest(
    word,
    words.map((known) => known.word),
  );
  return distance(word, nearest) <= Math.max(2, Math.floor(word.length / 2)) ? nearest : undefined;
}

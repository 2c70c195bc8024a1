import type { Author } from "../workspace.ts";

const maxTitleLength = 100;

/** Renders a commit's description: one title line and the trailers. */
export function renderDescription(
  title: string,
  trailers: Readonly<Record<string, string>>,
): string {
  const lines = Object.entries(trailers).map(([key, value]) => `${key}: ${oneLine(value)}`);
  const blank = lines.length === 0 ? "" : `\n\n${lines.join("\n")}`;
  return `${renderTitle(title)}${blank}\n`;
}

/** A request of any length and script as one title line. */
export function renderTitle(text: string): string {
  const words = oneLine(text);
  if (words === "") return "Change without a title";
  const letters = Array.from(words);
  if (letters.length <= maxTitleLength) return words;
  return `${letters
    .slice(0, maxTitleLength - 1)
    .join("")
    .trimEnd()}…`;
}

/** An author as git writes it; what would break the line is left out. */
export function renderAuthor(author: Author): string {
  const name = oneLine(author.name).replace(/[<>]/g, "") || "Unknown";
  const email = oneLine(author.email).replace(/[<>\s]/g, "") || "unknown@localhost";
  return `${name} <${email}>`;
}

/** The value of a trailer in a description; undefined where it has none. */
export function readTrailer(description: string, key: string): string | undefined {
  const paragraphs = description.trimEnd().split(/\n\n+/);
  const last = paragraphs.length > 1 ? (paragraphs.at(-1) ?? "") : "";
  const line = last.split("\n").find((each) => each.startsWith(`${key}: `));
  return line?.slice(key.length + 2).trim();
}

function oneLine(text: string): string {
  return text.replace(/[\s\u0000-\u001f\u007f]+/g, " ").trim();
}

/**
 * Text of agents, repositories and other people may move the cursor, rewrite the screen or turn
 * the reading direction. What a terminal would obey is taken out; newline and tab stay.
 */
export function cleanText(text: string): string {
  return (
    text
      // Whole escape sequences first, so that their letters do not stay: CSI, OSC and the like.
      .replace(/\x1b\[[0-?]*[ -/]*[@-~]/g, "")
      .replace(/\x1b[\]PX^_][^\x07\x1b]*(?:\x07|\x1b\\|$)/g, "")
      .replace(/\x1b[ -/]*[0-~]/g, "")
      .replace(/\r\n/g, "\n")
      .replace(/[\0-\x08\x0b-\x1f\x7f-\x9f]/g, "")
      .replace(/[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/g, "")
  );
}

/** One line of at most `width` characters. */
export function cleanLine(text: string, width = 200): string {
  const line = cleanText(text).replace(/\s+/g, " ").trim();
  const characters = Array.from(line);
  return characters.length <= width ? line : `${characters.slice(0, width - 1).join("")}…`;
}

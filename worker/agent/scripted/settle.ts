/** A text has conflict markers that the agent cannot read. */
export class OddConflictError extends Error {
  constructor(path: string) {
    super(`${path} has conflict markers in a form that I do not know.`);
    this.name = "OddConflictError";
  }
}

/** Whether a text holds the beginning of a conflict. */
export function hasConflict(text: string): boolean {
  return /^<{7,}( |$)/m.test(text);
}

/**
 * Settles each conflict by keeping the lines of both sides, the same line once. Reads git's markers
 * (also with the base between) and jj's own two styles.
 */
export function settleConflicts(path: string, text: string): string {
  const settled: string[] = [];
  let sides: string[][] | undefined;
  let part: "side" | "base" | "diff" = "side";
  for (const line of text.split("\n")) {
    if (!sides) {
      if (/^<{7,}( |$)/.test(line)) {
        sides = [];
        part = "side";
        sides.push([]);
      } else settled.push(line);
      continue;
    }
    if (/^>{7,}( |$)/.test(line)) {
      settled.push(...keepAll(sides));
      sides = undefined;
    } else if (/^(\|{7,}|-{7,})( |$)/.test(line)) part = "base";
    else if (/^(={7,}|\+{7,})( |$)/.test(line)) {
      part = "side";
      sides.push([]);
    } else if (/^%{7,}( |$)/.test(line)) {
      part = "diff";
      sides.push([]);
    } else if (/^\\{7,}( |$)/.test(line)) continue;
    else takeLine(sides, part, line);
  }
  if (sides) throw new OddConflictError(path);
  return settled.join("\n");
}

function takeLine(sides: string[][], part: "side" | "base" | "diff", line: string): void {
  const side = sides.at(-1);
  if (part === "side") side?.push(line);
  if (part === "diff" && (line.startsWith("+") || line.startsWith(" "))) side?.push(line.slice(1));
}

function keepAll(sides: readonly string[][]): string[] {
  const kept: string[] = [];
  for (const side of sides) {
    for (const line of side) if (!kept.includes(line)) kept.push(line);
  }
  return kept;
}

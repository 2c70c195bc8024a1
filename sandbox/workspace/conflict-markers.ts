/** One conflict in a file that was written with git's diff3 markers. */
export interface ConflictRegion {
  /** Lines of the first side (the base as it is now) as that side's file counts them. */
  readonly firstLine: number;
  readonly lastLine: number;
  /** The first side holds no line there: something was deleted, or added only on the other side. */
  readonly emptySide: boolean;
}

/** Finds the conflicts of a materialized file and counts their lines as the first side has them. */
export function parseConflictRegions(text: string): ConflictRegion[] {
  const regions: ConflictRegion[] = [];
  let line = 1;
  let part: "outside" | "first" | "rest" = "outside";
  let start = 1;
  for (const each of text.split("\n")) {
    if (/^<{7,}( |$)/.test(each) && part === "outside") {
      part = "first";
      start = line;
    } else if (/^(\|{7,}|={7,})( |$)/.test(each) && part === "first") {
      part = "rest";
      const emptySide = line === start;
      regions.push({ firstLine: start, lastLine: emptySide ? start : line - 1, emptySide });
    } else if (/^>{7,}( |$)/.test(each) && part === "rest") part = "outside";
    else if (part !== "rest") line += 1;
  }
  return regions;
}

/** Renders regions for people: "3-5, 9". */
export function renderRegions(regions: readonly ConflictRegion[]): string {
  return regions
    .map(({ firstLine, lastLine }) =>
      firstLine === lastLine ? `${firstLine}` : `${firstLine}-${lastLine}`,
    )
    .join(", ");
}

const marker = /^\s*(<{7,}|>{7,}|%{7,}|\+{7,}|-{7,}|\\{7,}|\|{7,}|={7,})( |$)/;

/**
 * Lines of `text` (counted from 1) that look like a conflict marker and that no side had: jj calls
 * a conflict settled as soon as its markers are damaged, and would commit them.
 */
export function findLeftoverMarkers(text: string, sides: readonly string[]): number[] {
  const known = new Set(sides.flatMap((side) => side.split("\n")));
  const found: number[] = [];
  for (const [index, line] of text.split("\n").entries()) {
    if (marker.test(line) && !known.has(line)) found.push(index + 1);
  }
  return found;
}

/** A string literal of jj's languages (revsets, filesets, templates); JSON's `\u` is not theirs. */
export function quoteForJj(text: string): string {
  const escaped = text.replace(/["\\\u0000-\u001f\u007f]/g, (character) => {
    if (character === '"' || character === "\\") return `\\${character}`;
    return `\\x${character.charCodeAt(0).toString(16).padStart(2, "0")}`;
  });
  return `"${escaped}"`;
}

/** A path as a fileset that means this path and nothing else. */
export function pathFileset(path: string): string {
  return `root-file:${quoteForJj(path)}`;
}

/** A folder and everything below it, as a fileset. */
export function folderFileset(path: string): string {
  return `root:${quoteForJj(path)}`;
}

/** What a snapshot left out, as jj's warnings say. */
export interface SkippedFiles {
  readonly tooLarge: readonly { readonly path: string; readonly bytes: number }[];
  readonly notUtf8: readonly string[];
}

/** Reads the warnings of a snapshot; jj gives skipped files nowhere else. */
export function parseSkipped(stderr: string): SkippedFiles {
  const tooLarge: { path: string; bytes: number }[] = [];
  const notUtf8: string[] = [];
  let list: "large" | "names" | undefined;
  for (const line of stderr.split("\n")) {
    if (line.startsWith("Warning: Refused to snapshot")) list = "large";
    else if (line.startsWith("Warning: Skipped some paths")) list = "names";
    else if (!line.startsWith("  ")) list = undefined;
    else if (list === "large") {
      const match = /^ {2}(.*): [^:]*\((\d+) bytes\); the maximum size/.exec(line);
      if (match?.[1] !== undefined) tooLarge.push({ path: match[1], bytes: Number(match[2]) });
    } else if (list === "names") notUtf8.push(line.trim());
  }
  return { tooLarge, notUtf8 };
}

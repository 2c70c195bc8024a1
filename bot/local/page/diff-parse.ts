/** One file of a unified diff, for drawing. */
export interface DiffFile {
  readonly path: string;
  readonly note: string;
  readonly added: number;
  readonly removed: number;
  readonly lines: readonly DiffLine[];
}
export interface DiffLine {
  readonly kind: "plus" | "minus" | "same" | "hunk";
  readonly text: string;
  readonly before?: number;
  readonly after?: number;
}

interface Draft {
  path: string;
  note: string;
  added: number;
  removed: number;
  lines: DiffLine[];
}

/** Parses what `git diff` and `jj diff --git` print. What is not understood is left out. */
export function parseDiff(text: string): readonly DiffFile[] {
  const files: Draft[] = [];
  let before = 0;
  let after = 0;
  // Lines of a hunk may themselves begin with `--- ` or `diff `: the hunk's counts tell.
  let beforeLeft = 0;
  let afterLeft = 0;
  for (const line of text.split("\n")) {
    const file = files.at(-1);
    if (file !== undefined && (beforeLeft > 0 || afterLeft > 0)) {
      const sign = line[0];
      const rest = line.slice(1);
      if (sign === "+") {
        file.lines.push({ kind: "plus", text: rest, after: after++ });
        file.added++;
        afterLeft--;
      } else if (sign === "-") {
        file.lines.push({ kind: "minus", text: rest, before: before++ });
        file.removed++;
        beforeLeft--;
      } else if (sign !== "\\") {
        file.lines.push({ kind: "same", text: rest, before: before++, after: after++ });
        beforeLeft--;
        afterLeft--;
      }
      continue;
    }
    if (line.startsWith("diff --git ")) {
      files.push({ path: pathOf(line), note: "", added: 0, removed: 0, lines: [] });
      continue;
    }
    if (file === undefined) continue;
    const hunk = /^@@ -(\d+)(?:,(\d+))? \+(\d+)(?:,(\d+))? @@(.*)$/.exec(line);
    if (hunk !== null) {
      before = Number(hunk[1]);
      after = Number(hunk[3]);
      beforeLeft = Number(hunk[2] ?? 1);
      afterLeft = Number(hunk[4] ?? 1);
      file.lines.push({ kind: "hunk", text: (hunk[5] ?? "").trim() });
    } else if (line.startsWith("new file")) file.note = "new";
    else if (line.startsWith("deleted file")) file.note = "removed";
    else if (line.startsWith("rename from ")) file.note = `was ${line.slice(12)}`;
    else if (line.startsWith("+++ b/")) file.path = line.slice(6);
    else if (/^(Binary files|GIT binary patch)/.test(line)) file.note = "binary";
  }
  return files;
}

function pathOf(line: string): string {
  const at = line.lastIndexOf(" b/");
  return at < 0 ? line.slice("diff --git ".length) : line.slice(at + 3);
}

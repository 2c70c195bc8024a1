/** Rows as a table: every column as wide as it needs, the last one in what is left. Pure. */
export function alignColumns(rows: readonly (readonly string[])[], columns: number): string[] {
  const length = (text: string) => Array.from(text).length;
  const widths = (rows[0] ?? []).map((_, at) =>
    Math.max(...rows.map((row) => length(row[at] ?? ""))),
  );
  return rows.map((row) => {
    const cells = row.map((cell, at) => cell + " ".repeat((widths[at] ?? 0) - length(cell)));
    const line = cells.join("  ").trimEnd();
    const characters = Array.from(line);
    return characters.length <= columns ? line : `${characters.slice(0, columns - 1).join("")}…`;
  });
}

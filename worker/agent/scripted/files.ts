import { mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { Report } from "./report.ts";
import { hasConflict, settleConflicts } from "./settle.ts";

/** A file of the workspace did not hold what the script wants to change. */
export class TextNotFoundError extends Error {
  constructor(path: string, text: string) {
    super(`${path} does not contain "${text.slice(0, 80)}".`);
    this.name = "TextNotFoundError";
  }
}

/** Changes one file by `change` and tells it as an edit. */
export async function editFile(
  report: Report,
  cwd: string,
  path: string,
  change: (before: string) => string,
): Promise<void> {
  const full = join(cwd, path);
  const before = await readFile(full, "utf8").catch(() => undefined);
  const tool = await report.beginTool(`Edit ${path}`, "edit", { file_path: full }, full);
  try {
    const after = change(before ?? "");
    await mkdir(dirname(full), { recursive: true });
    await writeFile(full, after);
    const diff = { type: "diff" as const, path: full, oldText: before ?? null, newText: after };
    await report.endTool(tool, { content: [diff] });
  } catch (error) {
    const text = error instanceof Error ? error.message : String(error);
    await report.endTool(tool, {
      failed: true,
      content: [{ type: "content", content: { type: "text", text } }],
    });
    throw error;
  }
}

/** `text` with the first `from` replaced; `/…/` stands for a regular expression. */
export function replaceIn(path: string, text: string, from: string, to: string): string {
  const [, source] = /^\/([\s\S]+)\/$/.exec(from) ?? [];
  const found = source === undefined ? text.includes(from) : new RegExp(source).test(text);
  if (!found) throw new TextNotFoundError(path, from);
  return source === undefined ? text.replace(from, () => to) : text.replace(new RegExp(source), to);
}

export async function removeFile(report: Report, cwd: string, path: string): Promise<void> {
  const full = join(cwd, path);
  const tool = await report.beginTool(`Remove ${path}`, "delete", { file_path: full }, full);
  await rm(full, { recursive: true, force: true });
  await report.endTool(tool, {});
}

/** Settles every conflict in the workspace; answers the files. */
export async function settleFiles(report: Report, cwd: string): Promise<string[]> {
  const settled: string[] = [];
  for (const path of await findConflicts(cwd)) {
    await editFile(report, cwd, path, (text) => settleConflicts(path, text));
    settled.push(path);
  }
  return settled;
}

const passedOver = new Set([".git", ".jj", "node_modules"]);

async function findConflicts(cwd: string, below = ""): Promise<string[]> {
  const found: string[] = [];
  const entries = await readdir(join(cwd, below), { withFileTypes: true });
  for (const entry of entries.sort((a, b) => a.name.localeCompare(b.name))) {
    const path = join(below, entry.name);
    if (entry.isDirectory() && !passedOver.has(entry.name)) {
      found.push(...(await findConflicts(cwd, path)));
    }
    if (!entry.isFile()) continue;
    const text = await readFile(join(cwd, path), "utf8");
    if (hasConflict(text)) found.push(path);
  }
  return found;
}

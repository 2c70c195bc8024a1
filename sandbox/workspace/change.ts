import { z } from "zod";
import { askJj } from "./jj.ts";
import type { RepositoryContext } from "./programs.ts";

const changeSchema = z.object({
  change: z.string(),
  commit: z.string(),
  description: z.string(),
  author: z.object({ name: z.string(), email: z.string() }),
  empty: z.boolean(),
  conflict: z.boolean(),
  divergent: z.boolean(),
  parents: z.array(z.string()),
  added: z.number(),
  removed: z.number(),
  conflicts: z.array(z.string()),
});
export type ShownChange = z.infer<typeof changeSchema>;

const fileSchema = z.object({
  path: z.string(),
  status: z.enum(["added", "modified", "removed", "renamed", "copied"]),
  added: z.number(),
  removed: z.number(),
});
const sourceSchema = z.object({ target: z.string(), source: z.string() });

const changeTemplate = `json({
  "change" => change_id, "commit" => commit_id, "description" => description, "author" => author,
  "empty" => empty, "conflict" => conflict, "divergent" => divergent,
  "parents" => parents.map(|p| p.commit_id()),
  "added" => diff.stat().total_added(), "removed" => diff.stat().total_removed(),
  "conflicts" => conflicted_files.map(|f| f.path())
}) ++ "\\n"`;

const fileTemplate = `diff.stat().files().map(|f| json({
  "status" => f.status(), "path" => f.path(),
  "added" => f.lines_added(), "removed" => f.lines_removed()
}) ++ "\\n").join("") ++ diff.files().map(|f| json({
  "target" => f.target().path(), "source" => f.source().path()
}) ++ "\\n").join("")`;

/** The working-copy commit of a task's workspace, as a revset. */
export function workspaceSymbol(taskId: string): string {
  return `"${taskId}"@`;
}

/** One change, by any revset that names one commit. `atOperation`: as that operation left it. */
export async function readChange(
  context: RepositoryContext,
  revset: string,
  atOperation?: string,
): Promise<ShownChange> {
  const at = atOperation === undefined ? [] : ["--at-operation", atOperation];
  const words = [...at, "log", "--no-graph", "-r", revset, "-T", changeTemplate];
  return changeSchema.parse(JSON.parse((await askJj(context, words)).stdout));
}

/** A file of a change; `from`: the old path of a renamed or copied one. */
export type ShownFile = z.infer<typeof fileSchema> & { readonly from?: string };

/** The files of one change, against its parent. */
export async function readChangedFiles(
  context: RepositoryContext,
  revset: string,
): Promise<ShownFile[]> {
  const { stdout } = await askJj(context, ["log", "--no-graph", "-r", revset, "-T", fileTemplate]);
  const files: z.infer<typeof fileSchema>[] = [];
  const sources = new Map<string, string>();
  for (const line of stdout.split("\n").filter((each) => each !== "")) {
    const parsed = z.union([fileSchema, sourceSchema]).parse(JSON.parse(line));
    if ("path" in parsed) files.push(parsed);
    else if (parsed.source !== parsed.target) sources.set(parsed.target, parsed.source);
  }
  return files.map((file) => {
    const from = sources.get(file.path);
    return from === undefined ? file : { ...file, from };
  });
}

/** Whether jj shows this commit: git may hold more (a rebase that is not integrated). */
export async function commitShown(context: RepositoryContext, commit: string): Promise<boolean> {
  const words = ["log", "--no-graph", "-r", `present(${commit})`, "-T", "commit_id"];
  return (await askJj(context, words)).stdout !== "";
}

import type { Command } from "commander";
import { CliError, exitCodes } from "../exit-codes.ts";
import {
  type Cli,
  type Invocation,
  openInvocation,
  parseTaskId,
  withSession,
} from "../invocation.ts";
import { cleanText } from "../show/clean-text.ts";
import { changeLines } from "../show/event-lines.ts";

export function addDiffCommand(program: Command, cli: Cli): void {
  const command = program
    .command("diff")
    .description("show a task's change against its base, as git apply takes it")
    .argument("<task>")
    .option("--stat", "only the files and counts")
    .option("--json", "one JSON object a line on stdout")
    .action(async (task: string) => {
      process.exitCode = await diff(openInvocation(cli, command), task, command.opts());
    });
}

async function diff(
  invocation: Invocation,
  taskText: string,
  options: { readonly stat?: boolean },
): Promise<number> {
  const taskId = parseTaskId(taskText);
  const { voice, cli } = invocation;
  return withSession(invocation, false, async ({ client }) => {
    const task = await client.task(taskId);
    if (task === undefined) throw new CliError(exitCodes.refused, `There is no task ${taskId}.`);
    const { change } = task;
    if (change === undefined || change.files.length === 0) {
      voice.object({ taskId, type: "diff", files: [], diff: "" });
      voice.note("No file is changed.");
      return exitCodes.ok;
    }
    const bytes = change.diff === undefined ? undefined : await client.artifact(change.diff.id);
    if (voice.json) {
      voice.object({ taskId, type: "diff", ...change, diff: bytes?.toString("utf8") ?? null });
      return exitCodes.ok;
    }
    if (options.stat === true || bytes === undefined) {
      for (const line of changeLines(change, voice.tint)) voice.say(line);
      if (options.stat !== true) voice.note("The diff itself is no longer stored.");
      return exitCodes.ok;
    }
    // A program gets the bytes as they are; a terminal nothing that it would obey.
    if (cli.stdout.isTTY !== true) cli.stdout.write(bytes);
    else
      for (const line of cleanText(bytes.toString("utf8")).trimEnd().split("\n"))
        voice.say(tintLine(line, voice.tint));
    return exitCodes.ok;
  });
}

function tintLine(line: string, tint: Invocation["voice"]["tint"]): string {
  if (/^(diff|index|---|\+\+\+|new|deleted|rename|similarity)/.test(line))
    return tint("bold", line);
  if (line.startsWith("@@")) return tint("blue", line);
  if (line.startsWith("+")) return tint("green", line);
  return line.startsWith("-") ? tint("red", line) : line;
}

import type { Command } from "commander";
import type { Task } from "../../protocol/task.ts";
import { exitCodes } from "../exit-codes.ts";
import { tellResult } from "../follow-run.ts";
import { followTask } from "../follow-task.ts";
import { openInterrupts } from "../interrupts.ts";
import {
  type Cli,
  type Invocation,
  lastEventId,
  openInvocation,
  parseTaskId,
  readIdentity,
  withSession,
} from "../invocation.ts";
import { openTeller } from "../teller.ts";

export function addMergeCommand(program: Command, cli: Cli): void {
  const command = program
    .command("merge")
    .description("put a change on its base: rebase, check, push")
    .argument("<task>")
    .option("--tree <tree>", "merge only if the files are still these (from --json of run)")
    .option("--json", "one JSON object a line on stdout")
    .action(async (task: string) => {
      process.exitCode = await merge(openInvocation(cli, command), task, command.opts());
    });
}

async function merge(
  invocation: Invocation,
  taskText: string,
  options: { readonly tree?: string },
): Promise<number> {
  const taskId = parseTaskId(taskText);
  const { person } = await readIdentity(invocation);
  const { voice } = invocation;
  return withSession(invocation, true, async (session) => {
    using interrupts = openInterrupts(() =>
      voice.note(`No longer waiting; the merge goes on. \`colony logs ${taskId}\` tells its end.`),
    );
    const afterId = await lastEventId(session, taskId);
    await session.client.merge(taskId, person, options.tree);
    const task = await followTask(session, {
      taskId,
      afterId,
      onEvent: openTeller(voice, taskId),
      isThere: isDecided,
      signal: interrupts.signal,
    });
    if (task === undefined) return exitCodes.interrupted;
    const exitCode = exitCodeOf(task);
    tellResult(voice, task, exitCode);
    return exitCode;
  });
}

/** Landed with its sandbox ended, or back where it was. */
function isDecided(task: Task): boolean {
  return task.state === "done" ? task.sandbox !== "live" : task.state !== "landing";
}

function exitCodeOf(task: Task): number {
  if (task.state === "done") return exitCodes.ok;
  return task.conflicts.length > 0 || (task.change?.conflicts.length ?? 0) > 0
    ? exitCodes.conflict
    : exitCodes.refused;
}

import type { Command } from "commander";
import { exitCodes } from "../exit-codes.ts";
import { followTask, isRunOver } from "../follow-task.ts";
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

export function addStopCommand(program: Command, cli: Cli): void {
  const command = program
    .command("stop")
    .description("stop a run; its files stay")
    .argument("<task>")
    .option("--json", "one JSON object a line on stdout")
    .action(async (task: string) => {
      process.exitCode = await stop(openInvocation(cli, command), task);
    });
}

const stopTimeoutMs = 120_000;

async function stop(invocation: Invocation, taskText: string): Promise<number> {
  const taskId = parseTaskId(taskText);
  const { person } = await readIdentity(invocation);
  const { voice } = invocation;
  return withSession(invocation, true, async (session) => {
    const afterId = await lastEventId(session, taskId);
    await session.client.stop(taskId, person);
    const task = await followTask(session, {
      taskId,
      afterId,
      onEvent: openTeller(voice, taskId),
      isThere: isRunOver,
      signal: AbortSignal.timeout(stopTimeoutMs),
    });
    if (task === undefined) voice.note("It is asked to stop, and has not stopped yet.");
    return task === undefined ? exitCodes.refused : exitCodes.ok;
  });
}

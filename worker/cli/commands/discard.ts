import type { Command } from "commander";
import { exitCodes } from "../exit-codes.ts";
import { followTask } from "../follow-task.ts";
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

export function addDiscardCommand(program: Command, cli: Cli): void {
  const command = program
    .command("discard")
    .description("throw a task's change and files away")
    .argument("<task>")
    .option("--json", "one JSON object a line on stdout")
    .action(async (task: string) => {
      process.exitCode = await discard(openInvocation(cli, command), task);
    });
}

const endTimeoutMs = 60_000;

async function discard(invocation: Invocation, taskText: string): Promise<number> {
  const taskId = parseTaskId(taskText);
  const { person } = await readIdentity(invocation);
  const { voice } = invocation;
  return withSession(invocation, true, async (session) => {
    const afterId = await lastEventId(session, taskId);
    await session.client.discard(taskId, person);
    await followTask(session, {
      taskId,
      afterId,
      onEvent: openTeller(voice, taskId),
      isThere: (task) => task.sandbox !== "live",
      signal: AbortSignal.timeout(endTimeoutMs),
    });
    return exitCodes.ok;
  });
}

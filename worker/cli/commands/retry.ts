import type { Command } from "commander";
import { exitCodes } from "../exit-codes.ts";
import { followRun } from "../follow-run.ts";
import {
  type Cli,
  type Invocation,
  lastEventId,
  openInvocation,
  parseTaskId,
  readIdentity,
  withSession,
} from "../invocation.ts";

export function addRetryCommand(program: Command, cli: Cli): void {
  const command = program
    .command("retry")
    .description("the same request again, on the files as they were last saved")
    .argument("<task>")
    .option("--detach", "do not wait for the run")
    .option("--json", "one JSON object a line on stdout")
    .action(async (task: string) => {
      process.exitCode = await retry(openInvocation(cli, command), task, command.opts());
    });
}

async function retry(
  invocation: Invocation,
  task: string,
  options: { readonly detach?: boolean },
): Promise<number> {
  const taskId = parseTaskId(task);
  const { person } = await readIdentity(invocation);
  const { voice, cli } = invocation;
  return withSession(invocation, true, async (session) => {
    const afterId = await lastEventId(session, taskId);
    await session.client.retry(taskId, person);
    if (options.detach === true) {
      voice.object({ taskId, type: "retried" });
      if (!voice.json) voice.say("The next run starts.");
      return exitCodes.ok;
    }
    const isInteractive = cli.isInteractive && !voice.json;
    return followRun({ session, voice, taskId, afterId, by: person, isInteractive });
  });
}

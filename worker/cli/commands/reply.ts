import type { Command } from "commander";
import { CliError, exitCodes } from "../exit-codes.ts";
import { followRun } from "../follow-run.ts";
import { isRunOver } from "../follow-task.ts";
import {
  type Cli,
  type Invocation,
  lastEventId,
  openInvocation,
  parseTaskId,
  readIdentity,
  withSession,
} from "../invocation.ts";

export function addReplyCommand(program: Command, cli: Cli): void {
  const command = program
    .command("reply")
    .description("say something to the agent; a finished run goes on with it")
    .argument("<task>")
    .argument("<text...>")
    .option("--now", "interrupt what the agent is doing")
    .option("--detach", "do not wait for the run")
    .option("--json", "one JSON object a line on stdout")
    .action(async (task: string, words: string[]) => {
      process.exitCode = await reply(openInvocation(cli, command), task, words, command.opts());
    });
}

async function reply(
  invocation: Invocation,
  task: string,
  words: readonly string[],
  options: { readonly now?: boolean; readonly detach?: boolean },
): Promise<number> {
  const taskId = parseTaskId(task);
  const text = words.join(" ").trim();
  if (text === "") throw new CliError(exitCodes.usage, "The reply is empty.");
  const { person } = await readIdentity(invocation);
  const { voice, cli } = invocation;
  return withSession(invocation, true, async (session) => {
    const before = await session.client.task(taskId);
    const afterId = await lastEventId(session, taskId);
    await session.client.reply(taskId, { text, by: person, interrupt: options.now === true });
    const startsRun = before !== undefined && isRunOver(before);
    if (!startsRun || options.detach === true) {
      voice.object({ taskId, type: "replied" });
      if (!voice.json) voice.say(startsRun ? "The next run starts." : "The agent will get it.");
      return exitCodes.ok;
    }
    const isInteractive = cli.isInteractive && !voice.json;
    return followRun({ session, voice, taskId, afterId, by: person, isInteractive });
  });
}

import type { Command } from "commander";
import { decideOption, orderOptions } from "../ask-permission.ts";
import { CliError, exitCodes } from "../exit-codes.ts";
import {
  type Cli,
  type Invocation,
  openInvocation,
  parseTaskId,
  readIdentity,
  withSession,
} from "../invocation.ts";
import { cleanLine } from "../show/clean-text.ts";

export function addAnswerCommand(program: Command, cli: Cli): void {
  const command = program
    .command("answer")
    .description("answer the question that an agent waits with")
    .argument("<task>")
    .argument("[option]", "its number, name or kind (allow-once …); without it they are listed")
    .option("--json", "one JSON object a line on stdout")
    .action(async (task: string, option: string | undefined) => {
      process.exitCode = await answer(openInvocation(cli, command), task, option);
    });
}

async function answer(
  invocation: Invocation,
  taskText: string,
  option: string | undefined,
): Promise<number> {
  const taskId = parseTaskId(taskText);
  const { person } = await readIdentity(invocation);
  const { voice } = invocation;
  return withSession(invocation, option !== undefined, async ({ client }) => {
    const task = await client.task(taskId);
    const request = task?.permission;
    if (request === undefined) {
      const why = task === undefined ? `There is no task ${taskId}.` : "It asks no question.";
      throw new CliError(exitCodes.refused, why);
    }
    if (option === undefined) {
      const options = orderOptions(request);
      voice.object({ taskId, type: "question", title: request.title, options });
      if (voice.json) return exitCodes.ok;
      voice.say(cleanLine(request.title, 500));
      for (const [index, { name }] of options.entries())
        voice.say(`  ${index + 1}  ${cleanLine(name)}`);
      return exitCodes.ok;
    }
    const decided = decideOption(request, option);
    if ("nearest" in decided) {
      const hint = decided.nearest === undefined ? "" : ` Did you mean ${decided.nearest}?`;
      throw new CliError(
        exitCodes.usage,
        `The question has no answer ${JSON.stringify(option.slice(0, 60))}.${hint} \`colony answer ${taskId}\` lists them.`,
      );
    }
    const { requestId } = request;
    await client.answerPermission(taskId, { requestId, optionId: decided.optionId, by: person });
    voice.object({ taskId, type: "answered", optionId: decided.optionId });
    if (!voice.json) voice.say("Answered.");
    return exitCodes.ok;
  });
}

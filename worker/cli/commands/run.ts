import { randomUUID } from "node:crypto";
import type { Command } from "commander";
import { maxRequestLength } from "../../protocol/client.ts";
import { CliError, exitCodes } from "../exit-codes.ts";
import { followRun, tellResult } from "../follow-run.ts";
import {
  type Cli,
  type Invocation,
  openInvocation,
  readIdentity,
  withSession,
} from "../invocation.ts";
import { resolveRepository } from "../repository-address.ts";

interface RunOptions {
  readonly repo: string;
  readonly base?: string;
  readonly agent?: string;
  readonly detach?: boolean;
}

/** What a task's `agent` says when the person named none: then settings and keys decide. */
const anyAgent = "default";

export function addRunCommand(program: Command, cli: Cli): void {
  const command = program
    .command("run")
    .description("have an agent do something to a repository, and wait for the change")
    .argument("<request...>", "what is to be done; - reads it from standard input")
    .option("--repo <address>", "repository: a path, or an https, ssh or file URL", ".")
    .option("--base <branch>", "branch to build on and land onto (the repository's default)")
    .option("--agent <agent>", "name of an agent, or a command line for `sh -c` in the workspace")
    .option("--detach", "do not wait")
    .option("--json", "one JSON object a line on stdout")
    .action(async (words: string[]) => {
      process.exitCode = await run(openInvocation(cli, command), words, command.opts());
    });
}

async function run(
  invocation: Invocation,
  words: readonly string[],
  options: RunOptions,
): Promise<number> {
  const { voice, cli } = invocation;
  const request = words.join(" ") === "-" ? await readStandardInput() : words.join(" ");
  if (request.trim() === "") throw new CliError(exitCodes.usage, "The request is empty.");
  if (options.agent?.trim() === "") throw new CliError(exitCodes.usage, "--agent is empty.");
  const { caller, person } = await readIdentity(invocation);
  const repository = await resolveRepository(
    { repo: options.repo, base: options.base, cwd: cli.cwd },
    caller,
  );
  return withSession(invocation, true, async (session) => {
    const task = await session.client.createTask({
      request,
      requester: person,
      repository,
      agent: options.agent ?? anyAgent,
      origin: `cli:${randomUUID()}`,
    });
    if (options.detach === true) {
      tellResult(voice, task, exitCodes.ok);
      if (!voice.json) voice.say(task.id);
      return exitCodes.ok;
    }
    return followRun({
      session,
      voice,
      taskId: task.id,
      afterId: "0",
      by: person,
      isInteractive: cli.isInteractive && !voice.json,
    });
  });
}

async function readStandardInput(): Promise<string> {
  let text = "";
  process.stdin.setEncoding("utf8");
  for await (const chunk of process.stdin) {
    text += chunk;
    // What is longer is refused anyway, with its reason.
    if (text.length > maxRequestLength * 4) break;
  }
  return text;
}

import type { Command } from "commander";
import { isEnded } from "../../protocol/task.ts";
import { CliError, exitCodes } from "../exit-codes.ts";
import { followTask } from "../follow-task.ts";
import { openInterrupts } from "../interrupts.ts";
import {
  type Cli,
  type Invocation,
  openInvocation,
  parseTaskId,
  withSession,
} from "../invocation.ts";
import { listTaskLogs, readGrowing } from "../task-log-files.ts";
import { openTeller } from "../teller.ts";

interface LogsOptions {
  readonly follow?: boolean;
  readonly raw?: string | boolean;
}

export function addLogsCommand(program: Command, cli: Cli): void {
  const command = program
    .command("logs")
    .description("what happened in a task")
    .argument("<task>")
    .option("-f, --follow", "go on until the task is merged or discarded")
    .option("--raw [name]", "the bytes that its programs wrote, as they came")
    .option("--json", "one JSON object a line on stdout")
    .action(async (task: string) => {
      process.exitCode = await logs(openInvocation(cli, command), task, command.opts());
    });
}

async function logs(
  invocation: Invocation,
  taskText: string,
  options: LogsOptions,
): Promise<number> {
  const taskId = parseTaskId(taskText);
  const { voice } = invocation;
  using interrupts = openInterrupts();
  const { signal } = interrupts;
  return withSession(invocation, false, async (session) => {
    const task = await session.client.task(taskId);
    if (task === undefined) throw new CliError(exitCodes.refused, `There is no task ${taskId}.`);
    if (options.raw !== undefined) return writeRaw(invocation, taskId, options, signal);
    if (options.follow === true) {
      await followTask(session, {
        taskId,
        afterId: "0",
        onEvent: openTeller(voice, taskId),
        isThere: isEnded,
        signal,
      });
      return exitCodes.ok;
    }
    const tell = openTeller(voice, taskId);
    for (const event of await session.client.events(taskId)) tell(event);
    return exitCodes.ok;
  });
}

async function writeRaw(
  { cli, config }: Invocation,
  taskId: string,
  options: LogsOptions,
  signal: AbortSignal,
): Promise<number> {
  const files = await listTaskLogs(config.folder, taskId);
  const wanted = typeof options.raw === "string" ? options.raw : undefined;
  const chosen = files.filter(({ name }) => wanted === undefined || name === wanted);
  if (chosen.length === 0) {
    const names = files.map(({ name }) => name).join(", ");
    throw new CliError(
      exitCodes.refused,
      names === ""
        ? `Task ${taskId} has no log on this host.`
        : `Task ${taskId} has no log of that name; it has ${names}.`,
    );
  }
  for (const [index, { path }] of chosen.entries()) {
    const isLast = index === chosen.length - 1;
    const isOver = () => !(options.follow === true && isLast) || signal.aborted;
    for await (const bytes of readGrowing(path, 0, isOver)) cli.stdout.write(bytes);
  }
  return exitCodes.ok;
}

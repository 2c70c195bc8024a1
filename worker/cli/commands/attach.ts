import { randomBytes } from "node:crypto";
import type { Command } from "commander";
import {
  adoptSandbox,
  personPrefix,
  type Sandbox,
  type SandboxProcess,
} from "../../../sandbox/sandbox.ts";
import { isSettled } from "../../protocol/task.ts";
import { insideHome, insideWorkspace } from "../../runs/colony.ts";
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
import type { Session } from "../session.ts";
import { listTaskLogs } from "../task-log-files.ts";
import { openTeller } from "../teller.ts";
import { typeInto } from "../type-into.ts";

/** Processes of the terminal adapter; agents with a protocol of their own have no terminal. */
const terminalName = /^turn-/;

export function addAttachCommand(program: Command, cli: Cli): void {
  const command = program
    .command("attach")
    .description("watch an agent's terminal as it is, or open one of your own beside it")
    .argument("<task>")
    .option("--write", "type into it too; Ctrl-] leaves")
    .option("--shell", "a shell of your own inside, with the agent's rights and limits")
    .action(async (task: string) => {
      process.exitCode = await attach(openInvocation(cli, command), task, command.opts());
    });
}

async function attach(
  invocation: Invocation,
  taskText: string,
  options: { readonly write?: boolean; readonly shell?: boolean },
): Promise<number> {
  const taskId = parseTaskId(taskText);
  const { config, cli, voice } = invocation;
  return withSession(invocation, false, async (session) => {
    const task = await session.client.task(taskId);
    if (task === undefined) throw new CliError(exitCodes.refused, `There is no task ${taskId}.`);
    await using sandbox = await adoptSandbox(config.folder, taskId);
    if (sandbox === undefined) {
      throw new CliError(
        exitCodes.refused,
        `Nothing runs in task ${taskId} on this host. \`colony logs ${taskId}\` tells what did.`,
      );
    }
    await sandbox.wake();
    if (options.shell === true) return await openShell(invocation, sandbox);
    const logs = await listTaskLogs(config.folder, taskId);
    const name = logs.findLast((file) => terminalName.test(file.name))?.name;
    const terminal = name === undefined ? undefined : await sandbox.process(name);
    using interrupts = openInterrupts();
    if (terminal === undefined) {
      voice.note("This agent has no terminal; these are its words and deeds. Ctrl-C leaves.");
      return followWords(invocation, session, taskId, interrupts.signal);
    }
    if (options.write !== true) {
      voice.note("Watching; Ctrl-C leaves.");
      await show(cli, terminal, interrupts.signal);
      return exitCodes.ok;
    }
    demandTerminal(cli, "--write");
    voice.note("You type into the agent's terminal; Ctrl-] leaves.");
    using typing = typeInto(terminal);
    await show(cli, terminal, AbortSignal.any([interrupts.signal, typing.left]));
    return exitCodes.ok;
  });
}

function demandTerminal(cli: Cli, option: string): void {
  if (cli.isInteractive) return;
  throw new CliError(exitCodes.usage, `${option} needs a terminal to type on.`);
}

/** Prefers what people are used to. */
const shell = "command -v bash > /dev/null && exec bash -i; exec sh -i";

/** Several may be open at once; leaving one ends what runs in it. */
async function openShell({ cli, voice }: Invocation, sandbox: Sandbox): Promise<number> {
  demandTerminal(cli, "--shell");
  const { columns, rows } = process.stdout;
  const terminal = await sandbox.start({
    name: `${personPrefix}${randomBytes(4).toString("hex")}`,
    argv: ["sh", "-c", shell],
    env: { HOME: insideHome, TERM: cli.environment.TERM ?? "xterm-256color" },
    cwd: insideWorkspace,
    terminal: { columns, rows },
  });
  voice.note(`A shell in the sandbox of task ${sandbox.id}; Ctrl-] or its end leaves.`);
  using interrupts = openInterrupts();
  using typing = typeInto(terminal);
  const signal = AbortSignal.any([interrupts.signal, typing.left]);
  try {
    await show(cli, terminal, signal);
    return signal.aborted ? exitCodes.ok : ((await terminal.exited()).exitCode ?? exitCodes.ok);
  } finally {
    if (signal.aborted) await terminal.kill("SIGKILL").catch(() => {});
  }
}

async function show(cli: Cli, terminal: SandboxProcess, signal: AbortSignal): Promise<void> {
  for await (const { bytes } of terminal.output(0, signal)) cli.stdout.write(bytes);
}

async function followWords(
  { voice }: Invocation,
  session: Session,
  taskId: string,
  signal: AbortSignal,
): Promise<number> {
  await followTask(session, {
    taskId,
    afterId: "0",
    onEvent: openTeller(voice, taskId),
    isThere: (task) => isSettled(task) && task.state !== "waiting",
    signal,
  });
  return exitCodes.ok;
}

import type { Command } from "commander";
import { needsCare, type Task } from "../../protocol/task.ts";
import { type Deed, doDeed } from "../do-deed.ts";
import { CliError, exitCodes } from "../exit-codes.ts";
import { isRunOver } from "../follow-task.ts";
import { type Cli, openInvocation } from "../invocation.ts";

/** What is done to a task: one row a word, alike but for what it does and how long it is followed. */
const deeds: readonly Deed[] = [
  {
    word: "reply",
    description: "say something to the agent; a finished run goes on with it",
    takesText: true,
    options: [
      ["--now", "interrupt what the agent is doing"],
      ["--detach", "do not wait for the run"],
    ],
    async act({ client, taskId, person, text, options }) {
      const before = await client.task(taskId);
      await client.reply(taskId, { text, by: person, interrupt: options.now === true });
      return before !== undefined && isRunOver(before) ? "run" : "told";
    },
    told: { type: "replied", sentence: "The agent will get it." },
  },
  {
    word: "stop",
    description: "stop a run; its files stay",
    async act({ client, taskId, person }) {
      await client.stop(taskId, person);
      return "followed";
    },
    follow: {
      isThere: isRunOver,
      timeoutMs: 120_000,
      late: "It is asked to stop, and has not stopped yet.",
      exitCodeOf: (task) => (task === undefined ? exitCodes.refused : exitCodes.ok),
    },
  },
  {
    word: "merge",
    description: "put a change on its base: rebase, check, push",
    options: [["--tree <tree>", "merge only if the files are still these (from --json of run)"]],
    async act({ client, taskId, person, options }) {
      await client.merge(taskId, person, options.tree);
      return "followed";
    },
    follow: {
      isThere: isDecided,
      late: "No longer waiting; the merge goes on. `colony logs TASK` tells its end.",
      exitCodeOf: mergeExitCode,
      tellsResult: true,
    },
  },
  {
    word: "retry",
    description: "the same request again, on the files as they were last saved",
    options: [["--detach", "do not wait for the run"]],
    async act({ client, taskId, person }) {
      await client.retry(taskId, person);
      return "run";
    },
    told: { type: "retried", sentence: "" },
  },
  {
    word: "discard",
    description: "throw a task's change and files away",
    async act({ client, taskId, person }) {
      await client.discard(taskId, person);
      return "followed";
    },
    follow: {
      isThere: (task) => !needsCare(task),
      timeoutMs: 60_000,
      late: "It is discarded; its files are still being removed.",
      exitCodeOf: () => exitCodes.ok,
    },
  },
];

export function addDeedCommands(program: Command, cli: Cli): void {
  for (const deed of deeds) {
    const command = program.command(deed.word).description(deed.description).argument("<task>");
    if (deed.takesText === true) command.argument("<text...>");
    for (const [flags, about] of deed.options ?? []) command.option(flags, about);
    command.option("--json", "one JSON object a line on stdout");
    command.action(async (task: string, words: unknown) => {
      const text = Array.isArray(words) ? words.join(" ").trim() : "";
      if (deed.takesText === true && text === "") {
        throw new CliError(exitCodes.usage, `The ${deed.word} is empty.`);
      }
      const said = { task, text, options: command.opts() };
      process.exitCode = await doDeed(openInvocation(cli, command), deed, said);
    });
  }
}

/** Landed with nothing left of it, or back where it was. */
function isDecided(task: Task): boolean {
  return task.state === "done" ? !needsCare(task) : task.state !== "landing";
}

function mergeExitCode(task: Task | undefined): number {
  if (task === undefined) return exitCodes.interrupted;
  if (task.state === "done") return exitCodes.ok;
  return task.conflicts.length > 0 || (task.change?.conflicts.length ?? 0) > 0
    ? exitCodes.conflict
    : exitCodes.refused;
}

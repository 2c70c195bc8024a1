import type { Command } from "commander";
import { standWord } from "../../protocol/decisions.ts";
import { type HostSign, readHosts } from "../../protocol/hosts.ts";
import { isEnded, type Task } from "../../protocol/task.ts";
import { exitCodes } from "../exit-codes.ts";
import { type Cli, type Invocation, openInvocation, withSession } from "../invocation.ts";
import { cleanLine } from "../show/clean-text.ts";
import { alignColumns } from "../show/columns.ts";
import { renderBytes, renderDuration } from "../show/durations.ts";

export function addPsCommand(program: Command, cli: Cli): void {
  const command = program
    .command("ps")
    .alias("status")
    .description("list the tasks, newest first")
    .option("-a, --all", "merged and discarded ones too")
    .option("--json", "one JSON object a line on stdout")
    .action(async () => {
      process.exitCode = await ps(openInvocation(cli, command), command.opts());
    });
}

const mostTasks = 1_000;

async function ps(invocation: Invocation, options: { readonly all?: boolean }): Promise<number> {
  const { voice } = invocation;
  const { tasks, hosts } = await withSession(invocation, false, async ({ client }) => ({
    tasks: await client.tasks(mostTasks),
    hosts: await readHosts(client.redis),
  }));
  const shown = tasks.filter((task) => options.all === true || !isEnded(task));
  for (const { id: taskId, ...task } of shown) {
    voice.object({ taskId, ...task, repository: withoutCaller(task.repository) });
  }
  if (voice.json) return exitCodes.ok;
  for (const line of hosts.flatMap(sparesSentence)) voice.note(line);
  if (shown.length === 0) {
    voice.note('No tasks. `colony run --repo PATH "what is to be done"` starts one.');
    return exitCodes.ok;
  }
  for (const line of renderTable(shown, Date.now(), voice.columns)) voice.say(line);
  return exitCodes.ok;
}

/** What the pool of a host costs. Pure. */
export function sparesSentence({ host, spares, spareBytes }: HostSign): string[] {
  if (spares === 0) return [];
  const noun = spares === 1 ? "sandbox is" : "sandboxes are";
  return [
    `${spares} ${noun} ready on ${host} for the next task: ${renderBytes(spareBytes)} of memory.`,
  ];
}

/** Environment variables of the caller may hold a proxy's password. */
function withoutCaller({ name, url, base }: Task["repository"]): object {
  return { name, url, ...(base === undefined ? {} : { base }) };
}

/** The table: every column as wide as it needs, the request in what is left. Pure. */
export function renderTable(tasks: readonly Task[], nowMs: number, columns: number): string[] {
  const head = ["TASK", "STATE", "REPOSITORY", "AGENT", "CHANGE", "AGE", "REQUEST"];
  const rows = tasks.map((task) => [
    task.id,
    standWord(task),
    cleanLine(task.repository.name, 24),
    cleanLine(task.agent, 16),
    task.change === undefined
      ? ""
      : `${task.change.files.length} ${task.change.files.length === 1 ? "file" : "files"} +${task.change.added} −${task.change.removed}`,
    renderDuration(nowMs - task.createdAtMs),
    cleanLine(task.request, 200),
  ]);
  return alignColumns([head, ...rows], columns);
}

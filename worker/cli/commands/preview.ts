import type { Command } from "commander";
import { readPreviewKey } from "../../preview/key.ts";
import { signPreviewLink } from "../../protocol/preview-link.ts";
import { readAdminSettings } from "../../settings/admin-settings.ts";
import { CliError, exitCodes } from "../exit-codes.ts";
import {
  type Cli,
  type Invocation,
  openInvocation,
  parseTaskId,
  withSession,
} from "../invocation.ts";
import { cleanLine } from "../show/clean-text.ts";

export function addPreviewCommand(program: Command, cli: Cli): void {
  const command = program
    .command("preview")
    .description("links to what runs in a task's sandbox and answers with a page")
    .argument("<task>")
    .option("--json", "one JSON object a line on stdout")
    .action(async (task: string) => {
      process.exitCode = await preview(openInvocation(cli, command), task);
    });
}

async function preview(invocation: Invocation, taskText: string): Promise<number> {
  const taskId = parseTaskId(taskText);
  const { voice, config } = invocation;
  return withSession(invocation, false, async ({ client }) => {
    const task = await client.task(taskId);
    if (task === undefined) throw new CliError(exitCodes.refused, `There is no task ${taskId}.`);
    if (task.previews.length === 0) {
      const why =
        task.sandbox === "live"
          ? "Nothing in its sandbox answers with a page."
          : `Its sandbox has ended; \`colony reply ${taskId} "…"\` starts one again.`;
      throw new CliError(exitCodes.refused, why);
    }
    const key = await readPreviewKey(config.folder);
    const { previewPort = config.previewPort } = await readAdminSettings(config.configFile);
    for (const { port, path, title } of task.previews) {
      const url = signPreviewLink({ key, previewPort, taskId, port, path, nowMs: Date.now() });
      voice.object({ taskId, type: "preview", port, title, url });
      if (!voice.json) voice.say(`${url}  ${cleanLine(title, 60)} (port ${port})`);
    }
    return exitCodes.ok;
  });
}

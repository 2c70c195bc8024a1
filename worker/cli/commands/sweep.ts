import type { Command } from "commander";
import { sweepLeftovers } from "../../../sandbox/sandbox.ts";
import { exitCodes } from "../exit-codes.ts";
import { type Cli, type Invocation, openInvocation } from "../invocation.ts";
import { renderBytes } from "../show/durations.ts";

export function addSweepCommand(program: Command, cli: Cli): void {
  const command = program
    .command("sweep")
    .description("end what dead sandboxes left on this host; files of tasks stay")
    .option("--json", "one JSON object a line on stdout")
    .action(async () => {
      process.exitCode = await sweep(openInvocation(cli, command));
    });
}

async function sweep({ config, voice }: Invocation): Promise<number> {
  const { ended, living, bytesReturned } = await sweepLeftovers(config.folder);
  for (const { id, receipt } of ended) {
    voice.object({ taskId: id, type: "swept", receipt });
    if (voice.json) continue;
    voice.say(
      `${id}: ended; ${receipt.processes} processes, ${receipt.mounts} mounts, ${receipt.cgroups} cgroups left`,
    );
  }
  const left = ended.some(
    ({ receipt }) => receipt.processes + receipt.mounts + receipt.cgroups > 0,
  );
  voice.note(
    `${ended.length} leftovers ended, ${renderBytes(bytesReturned)} returned, ${living.length} living sandboxes left alone.`,
  );
  return left ? exitCodes.host : exitCodes.ok;
}

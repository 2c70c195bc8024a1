import type { Command } from "commander";
import { type Sweep, sweepLeftovers } from "../../../sandbox/sandbox.ts";
import { ownersIn } from "../../supervisor/owners.ts";
import { exitCodes } from "../exit-codes.ts";
import { type Cli, type Invocation, openInvocation, withSession } from "../invocation.ts";
import { renderBytes } from "../show/durations.ts";

interface SweepOptions {
  readonly dryRun?: boolean;
  readonly unknown?: boolean;
}

export function addSweepCommand(program: Command, cli: Cli): void {
  const command = program
    .command("sweep")
    .description("end what dead sandboxes left on this host; files of tasks stay")
    .option("-n, --dry-run", "say what would go and why, touch nothing")
    .option("--unknown", "also the sandboxes and files of tasks that nobody knows any more")
    .option("--json", "one JSON object a line on stdout")
    .action(async () => {
      process.exitCode = await sweep(openInvocation(cli, command), command.opts());
    });
}

async function sweep(invocation: Invocation, options: SweepOptions): Promise<number> {
  const { config, voice } = invocation;
  const { dryRun = false, unknown = false } = options;
  const swept = await withSession(invocation, false, ({ client }) =>
    sweepLeftovers(config.folder, {
      dryRun,
      ownerOf: ownersIn(client.redis, config.host, unknown),
    }),
  );
  const receipts = new Map(swept.ended.map(({ id, receipt }) => [id, receipt]));
  for (const { kind, name, why } of swept.found) {
    const receipt = receipts.get(name);
    voice.object({
      type: dryRun ? "leftover" : "swept",
      kind,
      name,
      why,
      ...(receipt && { receipt }),
    });
    if (!voice.json) voice.say(`${dryRun ? "would go" : "gone"}: ${kind} ${name}: ${why}`);
  }
  for (const failure of swept.failures) voice.note(`stays: ${failure}`);
  voice.note(summary(swept, dryRun));
  return isWhole(swept) ? exitCodes.ok : exitCodes.host;
}

function summary({ found, living, bytesReturned }: Sweep, dryRun: boolean): string {
  const leftovers = found.length === 1 ? "1 leftover" : `${found.length} leftovers`;
  const sandboxes = living.length === 1 ? "1 living sandbox" : `${living.length} living sandboxes`;
  return dryRun
    ? `${leftovers} would go, ${sandboxes} would be left alone.`
    : `${leftovers} removed, ${renderBytes(bytesReturned)} returned, ${sandboxes} left alone.`;
}

function isWhole({ ended, failures }: Sweep): boolean {
  const left = ended.some(
    ({ receipt }) => receipt.processes + receipt.mounts + receipt.cgroups > 0,
  );
  return !left && failures.length === 0;
}

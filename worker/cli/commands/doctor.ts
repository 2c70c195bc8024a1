import type { Command } from "commander";
import { runDoctor } from "../doctor.ts";
import { type Cli, openInvocation } from "../invocation.ts";

export function addDoctorCommand(program: Command, cli: Cli): void {
  const command = program
    .command("doctor")
    .description("check this host: what will be enforced, what cannot be, and what mends it")
    .option("--json", "one JSON object a line on stdout")
    .action(async () => {
      const { config, voice } = openInvocation(cli, command);
      process.exitCode = await runDoctor({
        folder: config.folder,
        json: voice.json,
        useColour: voice.tint("dim", "") !== "",
        print: (line) => cli.stdout.write(`${line}\n`),
      });
    });
}

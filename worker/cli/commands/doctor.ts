import type { Command } from "commander";
import { readAdminSettings } from "../../settings/admin-settings.ts";
import { type Demands, runDoctor } from "../doctor.ts";
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
        demands: await readDemands(config.configFile),
        json: voice.json,
        useColour: voice.tint("dim", "") !== "",
        print: (line) => cli.stdout.write(`${line}\n`),
      });
    });
}

/** Settings that cannot be read are a finding, not the end of the examination. */
async function readDemands(configFile: string): Promise<Demands> {
  try {
    const { runtime, minimum } = await readAdminSettings(configFile);
    return {
      ...(runtime === undefined ? {} : { runtime }),
      ...(minimum === undefined ? {} : { minimum }),
    };
  } catch (error) {
    return { settingsProblem: error instanceof Error ? error.message : String(error) };
  }
}

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { Command } from "commander";
import { z } from "zod";
import { addAgentsCommand } from "./commands/agents.ts";
import { addAnswerCommand } from "./commands/answer.ts";
import { addAttachCommand } from "./commands/attach.ts";
import { addDeedCommands } from "./commands/deeds.ts";
import { addDemoCommand } from "./commands/demo.ts";
import { addDiffCommand } from "./commands/diff.ts";
import { addDoctorCommand } from "./commands/doctor.ts";
import { addLogsCommand } from "./commands/logs.ts";
import { addNetCommand } from "./commands/net.ts";
import { addPreviewCommand } from "./commands/preview.ts";
import { addPsCommand } from "./commands/ps.ts";
import { addRunCommand } from "./commands/run.ts";
import { addSandboxCommand } from "./commands/sandbox.ts";
import { addSignInCommand } from "./commands/sign-in.ts";
import { addSweepCommand } from "./commands/sweep.ts";
import { addUpCommands } from "./commands/up.ts";
import { exitCodesHelp } from "./exit-codes.ts";
import type { Cli } from "./invocation.ts";

/** As `package.json` beside the code has it, and the Node that runs it. */
function readVersion(): string {
  const file = join(import.meta.dirname, "..", "..", "package.json");
  const { version } = z
    .object({ version: z.string() })
    .parse(JSON.parse(readFileSync(file, "utf8")));
  return `colony ${version} (Node ${process.versions.node})`;
}

/** The words of `colony`, one file each but for the deeds; wrong ones throw a CommanderError with the nearest named. */
export function openProgram(cli: Cli): Command {
  const program = new Command("colony")
    .description("Coding agents for a team: each in its own sandbox and workspace.")
    .version(readVersion(), "--version", "version of this Colony, and of its Node")
    .option("--home <folder>", "state folder (COLONY_HOME, else /var/lib/colony)")
    .addHelpText("after", exitCodesHelp)
    .configureOutput({
      writeOut: (text) => cli.stdout.write(text),
      writeErr: (text) => cli.stderr.write(text),
    })
    .exitOverride();
  addUpCommands(program, cli);
  addRunCommand(program, cli);
  addPsCommand(program, cli);
  addLogsCommand(program, cli);
  addAttachCommand(program, cli);
  addAnswerCommand(program, cli);
  addDiffCommand(program, cli);
  addDeedCommands(program, cli);
  addPreviewCommand(program, cli);
  addNetCommand(program, cli);
  addAgentsCommand(program, cli);
  addSandboxCommand(program, cli);
  addSweepCommand(program, cli);
  addDoctorCommand(program, cli);
  addSignInCommand(program, cli);
  addDemoCommand(program, cli);
  return program;
}

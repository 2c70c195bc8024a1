import { resolve } from "node:path";
import type { Command } from "commander";
import { runInForeground } from "../../../sandbox/sandbox.ts";
import { readAdminSettings } from "../../settings/admin-settings.ts";
import { effectiveSettings } from "../../settings/effective-settings.ts";
import {
  parseRepositorySettings,
  type RepositorySettings,
} from "../../settings/repository-settings.ts";
import { SettingsError } from "../../settings/settings-error.ts";
import { readCaller } from "../caller.ts";
import { CliError, exitCodes } from "../exit-codes.ts";
import { type Cli, type Invocation, openInvocation } from "../invocation.ts";
import { requireWritable } from "../require-writable.ts";

interface SandboxOptions {
  readonly memory?: string;
  readonly pids?: string;
  readonly cpus?: string;
  readonly disk?: string;
  readonly nofile?: string;
  readonly egress: string;
  readonly workspace?: string;
}

export function addSandboxCommand(program: Command, cli: Cli): void {
  const sandbox = program.command("sandbox").description("sandboxes without a task");
  const command = sandbox
    .command("run")
    .description("run one command in a sandbox of its own; exits with its code, leaves nothing")
    .usage("[options] -- CMD [ARG...]")
    .argument("<cmd...>")
    .option("--memory <size>", "such as 512M")
    .option("--pids <count>", "processes and threads at once")
    .option("--cpus <count>", "such as 1.5")
    .option("--disk <size>", "what it may write")
    .option("--nofile <count>", "open files of one process")
    .option("--workspace <folder>", "a folder of yours, writable at /workspace")
    .option("--egress <policy>", "none, packages, open, or host names with commas", "packages")
    .action(async (argv: string[]) => {
      process.exitCode = await runSandbox(openInvocation(cli, command), argv, command.opts());
    });
}

async function runSandbox(
  { cli, config, voice }: Invocation,
  argv: readonly string[],
  options: SandboxOptions,
): Promise<number> {
  await requireWritable(config.folder.home);
  const admin = await readAdminSettings(config.configFile);
  const { limits, egress, egressLimits, remarks } = effectiveSettings(parseOptions(options), admin);
  for (const remark of remarks)
    voice.note(remark.replace(/ than the repository's|of the repository's/, ""));
  const caller = await readCaller(cli.environment);
  return runInForeground(
    config.folder,
    {
      argv,
      env: pickTerminal(cli),
      limits,
      egress,
      egressLimits,
      ...(options.workspace === undefined
        ? {}
        : { workspace: resolve(cli.cwd, options.workspace) }),
      streams: {
        stdin: process.stdin,
        stdout: process.stdout,
        stderr: process.stderr,
      },
    },
    {
      settingsOwner: { env: definedOnly(cli.environment), home: caller.home },
      onProgress: (sentence) => voice.note(sentence),
      allowedRanges: admin.egressAddresses ?? [],
      minimum: admin.minimum ?? [],
      ...(admin.runtime === undefined ? {} : { runtime: admin.runtime }),
    },
  );
}

const optionNames = {
  memory: "memory",
  pids: "pids",
  cpus: "cpus",
  disk: "disk",
  files: "nofile",
} as const;

/** The options as settings have them, so that both are checked and bounded in one place. */
export function parseOptions(options: SandboxOptions): RepositorySettings {
  const limits = Object.entries(optionNames).flatMap(([key, option]) => {
    const value = options[option];
    return value === undefined ? [] : [`  ${key}: ${JSON.stringify(value)}`];
  });
  const names = options.egress.split(",").map((name) => JSON.stringify(name.trim()));
  const text = [
    `egress: [${names.join(", ")}]`,
    ...(limits.length === 0 ? [] : ["limits:", ...limits]),
  ].join("\n");
  try {
    return parseRepositorySettings(text);
  } catch (error) {
    const problem = error instanceof SettingsError ? error.problems[0] : undefined;
    if (problem === undefined) throw error;
    const key = problem.key.replace(/^limits\.|\.\d+$/g, "");
    const option = key === "files" ? "nofile" : key;
    throw new CliError(
      exitCodes.usage,
      problem.sentence.replace(`\`${problem.key}\``, `--${option}`),
    );
  }
}

function pickTerminal({ environment }: Cli): Record<string, string> {
  return environment.TERM === undefined ? {} : { TERM: environment.TERM };
}

function definedOnly(
  environment: Readonly<Record<string, string | undefined>>,
): Record<string, string> {
  return Object.fromEntries(
    Object.entries(environment).filter(
      (entry): entry is [string, string] => entry[1] !== undefined,
    ),
  );
}

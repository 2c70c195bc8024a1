import type { Command } from "commander";
import { configuredProfiles } from "../../agent/configured.ts";
import { AgentInstallError, installAgent, isInstalled, listAgents } from "../../agent/installed.ts";
import { profiles } from "../../agent/profiles.ts";
import { hostPath } from "../../process/host-path.ts";
import { readAdminSettings } from "../../settings/admin-settings.ts";
import { nearestOf } from "../../settings/parse-settings.ts";
import { CliError, exitCodes } from "../exit-codes.ts";
import { type Cli, type Invocation, openInvocation } from "../invocation.ts";
import { cleanText } from "../show/clean-text.ts";

export function addAgentsCommand(program: Command, cli: Cli): void {
  const agents = program
    .command("agents")
    .description("list the agents: what is installed, what is missing and how to get it")
    .option("--json", "one JSON object a line on stdout")
    .action(async () => {
      process.exitCode = await list(openInvocation(cli, agents));
    });
  const install = agents
    .command("install")
    .description("install an agent for all sandboxes of this host")
    .argument("<name>")
    .action(async (name: string) => {
      process.exitCode = await installOne(openInvocation(cli, install), name);
    });
}

async function list({ cli, config, voice }: Invocation): Promise<number> {
  const set = Object.entries(cli.environment).filter(([, value]) => (value ?? "") !== "");
  const configured = configuredProfiles((await readAdminSettings(config.configFile)).agents);
  const found = await listAgents(config.folder, new Set(set.map(([name]) => name)), configured);
  for (const agent of found) {
    voice.object({ ...agent });
    if (voice.json) continue;
    const ready = agent.installed && agent.hasKey;
    const mark = ready ? voice.tint("green", "✔") : voice.tint("yellow", "·");
    const kind = agent.scripted ? "plays scripts, asks no model" : (agent.licence ?? "");
    voice.say(`${mark} ${agent.name.padEnd(10)} ${agent.title} ${agent.version}  ${kind}`);
    if (agent.howToGet !== undefined) voice.say(`    → ${agent.howToGet}`);
  }
  if (!voice.json)
    voice.say(
      '· any other: --agent "COMMAND LINE", run by sh -c in a terminal; "acp:COMMAND" where it speaks the protocol',
    );
  return exitCodes.ok;
}

async function installOne({ cli, config, voice }: Invocation, name: string): Promise<number> {
  const configured = configuredProfiles((await readAdminSettings(config.configFile)).agents);
  const known = [...configured, ...profiles].filter((candidate) => candidate.kind === "acp");
  const profile = known.find((candidate) => candidate.name === name);
  if (profile === undefined) {
    const names = known.map((candidate) => candidate.name);
    const nearest = nearestOf(name, names);
    throw new CliError(
      exitCodes.usage,
      `No agent is called ${JSON.stringify(name.slice(0, 60))}; there are ${names.join(", ")}.${nearest === undefined ? "" : ` Did you mean ${nearest}?`}`,
    );
  }
  if (await isInstalled(config.folder, profile)) {
    voice.say(`${profile.title} ${profile.version} is installed.`);
    return exitCodes.ok;
  }
  voice.note(
    `Installing ${profile.title} ${profile.version} (${profile.install?.licence ?? "ours"}) …`,
  );
  const inherited = Object.entries(cli.environment).filter(
    (entry): entry is [string, string] => entry[1] !== undefined,
  );
  try {
    await installAgent(config.folder, profile, {
      PATH: hostPath,
      ...Object.fromEntries(inherited),
    });
  } catch (error) {
    if (!(error instanceof AgentInstallError)) throw error;
    voice.note(cleanText(error.output).trim().split("\n").slice(-15).join("\n"));
    throw new CliError(exitCodes.host, error.message, { cause: error });
  }
  voice.say(`${profile.title} ${profile.version} is installed.`);
  return exitCodes.ok;
}

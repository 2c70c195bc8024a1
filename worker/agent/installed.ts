import { mkdir, readFile, rename, rm, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import { runCommand } from "../../sandbox/command.ts";
import type { StateFolder } from "../../sandbox/state-folder.ts";
import type { AcpProfile, AgentProfile } from "./profile.ts";
import { profiles } from "./profiles.ts";

const versionSchema = z.looseObject({ version: z.string() });

/** Whether an agent can be used here, and what to do when not. */
export interface AgentPresence {
  readonly name: string;
  readonly title: string;
  readonly version: string;
  readonly scripted: boolean;
  readonly installed: boolean;
  /** A key for it is in the worker's environment; agents without a key of their own: true. */
  readonly hasKey: boolean;
  readonly licence?: string;
  /** What a person does to get it; absent when nothing is missing. */
  readonly howToGet?: string;
}

/** The wanted agent is not on this host. */
export class AgentMissingError extends Error {
  readonly kind = "agent-missing";
  readonly agentName: string;
  constructor(profile: AcpProfile) {
    super(
      `${profile.title} is not installed here. Get it with: colony agents install ${profile.name}`,
    );
    this.name = "AgentMissingError";
    this.agentName = profile.name;
  }
}

/** npm could not install an agent, or installed it without its program. */
export class AgentInstallError extends Error {
  readonly agentName: string;
  readonly output: string;
  constructor(profile: AcpProfile, why: string, output: string) {
    super(`Installing ${profile.title} ${profile.version}: ${why}`);
    this.name = "AgentInstallError";
    this.agentName = profile.name;
    this.output = output;
  }
}

/** One folder for each version, shared by all sandboxes of the host. */
export function agentFolder(folder: StateFolder, profile: AcpProfile): string {
  return join(folder.agents, `${profile.name}@${profile.version}`);
}

/** How the sandbox sees the agent; nothing for one that ships with us. */
export async function agentBinds(
  folder: StateFolder,
  profile: AcpProfile,
): Promise<{ readonly source: string; readonly target: string }[]> {
  const target = `/opt/agents/${profile.name}`;
  if (profile.folder !== undefined) return [{ source: profile.folder, target }];
  if (!profile.install) return [];
  if (!(await isInstalled(folder, profile))) throw new AgentMissingError(profile);
  return [{ source: agentFolder(folder, profile), target }];
}

/** Every known agent with what is missing. `keyNames`: the keys that the gateway holds. */
export function listAgents(
  folder: StateFolder,
  keyNames: ReadonlySet<string>,
  configured: readonly AgentProfile[] = [],
): Promise<AgentPresence[]> {
  const known = [...configured, ...profiles].filter((profile) => profile.kind === "acp");
  return Promise.all(
    known.map(async (profile) => {
      const installed = await isInstalled(folder, profile);
      const hasKey =
        profile.keyNames.length === 0 || profile.keyNames.some((name) => keyNames.has(name));
      const get = installed ? undefined : `colony agents install ${profile.name}`;
      const howToGet = get ?? (hasKey ? undefined : profile.howToConfigure);
      return {
        name: profile.name,
        title: profile.title,
        version: profile.version,
        scripted: profile.scripted,
        installed,
        hasKey,
        ...(profile.install && { licence: profile.install.licence }),
        ...(howToGet !== undefined && { howToGet }),
      };
    }),
  );
}

/** Whether the whole of it is there: npm reports success without a platform's binary. */
export async function isInstalled(folder: StateFolder, profile: AcpProfile): Promise<boolean> {
  if (profile.folder !== undefined) {
    return (await stat(profile.folder).catch(() => undefined))?.isDirectory() === true;
  }
  if (!profile.install) return true;
  return holdsProgram(agentFolder(folder, profile), profile);
}

/** Installs an agent for all sandboxes of the host; a no-op when it is there. */
export async function installAgent(
  folder: StateFolder,
  profile: AcpProfile,
  /** What npm needs: PATH, HOME, and the host's registry and proxy settings. */
  env: Readonly<Record<string, string>>,
): Promise<void> {
  const { install } = profile;
  if (!install || (await isInstalled(folder, profile))) return;
  const target = agentFolder(folder, profile);
  const fresh = `${target}.${process.pid}.new`;
  await rm(fresh, { recursive: true, force: true });
  await mkdir(fresh, { recursive: true, mode: 0o755 });
  await writeFile(join(fresh, "package.json"), '{"private":true}\n');
  const options = ["--no-audit", "--no-fund", "--ignore-scripts", "--omit=dev"];
  const result = await runCommand({
    argv: [
      "npm",
      "install",
      "--prefix",
      fresh,
      ...options,
      `${install.package}@${profile.version}`,
      ...(install.beside ?? []),
    ],
    env,
    cwd: fresh,
    timeoutMs: 900_000,
    maxOutputBytes: 64_000,
  });
  if (result.exitCode !== 0 || !(await holdsProgram(fresh, profile))) {
    await rm(fresh, { recursive: true, force: true });
    const why = result.exitCode === 0 ? "npm left out the program for this machine" : "npm failed";
    throw new AgentInstallError(profile, why, `${result.stdout.toString("utf8")}${result.stderr}`);
  }
  // Two that install at once make the same folder; the second finds it taken and drops its own.
  await rename(fresh, target).catch(() => rm(fresh, { recursive: true, force: true }));
}

async function holdsProgram(root: string, profile: AcpProfile): Promise<boolean> {
  const { install } = profile;
  if (!install) return true;
  const arch = process.arch === "arm64" ? "arm64" : "x64";
  const proof = await stat(join(root, install.proof.replace("{arch}", arch))).catch(
    () => undefined,
  );
  const manifest = join(root, "node_modules", install.package, "package.json");
  const text = await readFile(manifest, "utf8").catch(() => "{}");
  const found = versionSchema.safeParse(JSON.parse(text));
  return proof !== undefined && found.data?.version === profile.version;
}

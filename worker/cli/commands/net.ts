import type { Command } from "commander";
import { parseEgressEntry, readLedger } from "../../../sandbox/sandbox.ts";
import { mayAllow } from "../../egress/rules.ts";
import { egressBound } from "../../egress/sandbox-part.ts";
import type { EgressWish } from "../../protocol/decide-egress.ts";
import { type EgressScope, egressScopeSchema } from "../../protocol/egress.ts";
import { readAdminSettings } from "../../settings/admin-settings.ts";
import { CliError, exitCodes } from "../exit-codes.ts";
import {
  type Cli,
  type Invocation,
  openInvocation,
  parseTaskId,
  readIdentity,
  withSession,
} from "../invocation.ts";
import { renderEntries, renderHosts } from "../show/net-lines.ts";

interface NetOptions {
  readonly all?: boolean;
  readonly allow?: string;
  readonly block?: string;
  readonly for: string;
}

export function addNetCommand(program: Command, cli: Cli): void {
  const command = program
    .command("net")
    .description("what a task's sandbox reached, what was refused, and who may reach what")
    .argument("<task>")
    .option("--all", "every entry of the ledger")
    .option("--allow <host[:port]>", "let the sandbox reach it from now on")
    .option("--block <host>", "keep it from the sandbox, cutting what is connected")
    .option("--for <scope>", "once (ten minutes), task, or repository", "task")
    .option("--json", "the ledger, one JSON object a line on stdout")
    .action(async (task: string) => {
      process.exitCode = await net(openInvocation(cli, command), task, command.opts());
    });
}

async function net(invocation: Invocation, taskText: string, options: NetOptions): Promise<number> {
  const taskId = parseTaskId(taskText);
  if (options.allow !== undefined || options.block !== undefined) {
    return decide(invocation, taskId, options);
  }
  const { voice, config } = invocation;
  return withSession(invocation, false, async ({ client }) => {
    const task = await client.task(taskId);
    if (task === undefined) throw new CliError(exitCodes.refused, `There is no task ${taskId}.`);
    if (voice.json || options.all === true) {
      const entries = await readLedger(config.folder, taskId);
      if (entries === undefined) {
        throw new CliError(
          exitCodes.refused,
          `The ledger of ${taskId} is not on this host, or gone.`,
        );
      }
      for (const entry of entries) voice.object({ ...entry });
      if (voice.json) return exitCodes.ok;
      for (const line of renderEntries(entries, voice.columns)) voice.say(line);
      return exitCodes.ok;
    }
    const summary = await client.egress(taskId);
    for (const line of renderHosts(task, summary, Date.now(), voice.columns)) voice.say(line);
    return exitCodes.ok;
  });
}

async function decide(
  invocation: Invocation,
  taskId: string,
  options: NetOptions,
): Promise<number> {
  const { voice, config } = invocation;
  const { person } = await readIdentity(invocation);
  const scope = parseScope(options.for);
  const { host, port } = parseHost(options.allow ?? options.block ?? "");
  const verdict = options.allow === undefined ? "block" : "allow";
  const bound = egressBound(await readAdminSettings(config.configFile));
  if (verdict === "allow" && !mayAllow(host, port ?? 443, bound)) {
    throw new CliError(
      exitCodes.refused,
      `\`egress\` in ${config.configFile} does not allow ${host}${port === undefined ? "" : `:${port}`}.`,
    );
  }
  const ports = port === undefined ? {} : { ports: [port] };
  const wish: EgressWish = { host, ...ports, verdict, scope, by: person, changes: true };
  return withSession(invocation, true, async ({ client }) => {
    await client.decideEgress(taskId, wish);
    voice.object({ taskId, type: "decided", host, verdict, scope });
    if (!voice.json) voice.say(`${host} is ${verdict === "allow" ? "allowed" : "kept blocked"}.`);
    return exitCodes.ok;
  });
}

function parseScope(text: string): EgressScope {
  const parsed = egressScopeSchema.safeParse(text);
  if (parsed.success) return parsed.data;
  throw new CliError(exitCodes.usage, "--for is once, task or repository.");
}

function parseHost(text: string): { readonly host: string; readonly port?: number } {
  const entry = parseEgressEntry(text);
  if ("problem" in entry) {
    const shown = JSON.stringify(text.slice(0, 100));
    throw new CliError(exitCodes.usage, `${shown} ${entry.problem}.`);
  }
  if (entry.wildcard) throw new CliError(exitCodes.usage, "Name one host, without `*`.");
  const { name: host, port } = entry;
  return port === undefined ? { host } : { host, port };
}

import { type HostCheck, missing } from "../../sandbox/host-check.ts";
import {
  checkGuarantees,
  checkHost,
  checkRuntime,
  type HostDemands,
} from "../../sandbox/host-checks.ts";
import type { StateFolder } from "../../sandbox/state-folder.ts";
import { checkAgents } from "./doctor/agents.ts";
import { checkBrowser, checkRedis, checkSystemFiles, checkTools } from "./doctor/programs.ts";

/** Exit code of `colony doctor` when something that is needed is missing. */
const EXIT_MISSING = 1;

const MARKS = { ok: "✓", limited: "!", optional: "·", missing: "✗" } as const;
const COLOURS = { ok: 32, limited: 33, optional: 2, missing: 31 } as const;

/** One finding for people: what it is, and in the next line the command that mends it. */
export function renderCheck(check: HostCheck, useColour: boolean): string {
  const mark = useColour
    ? `\x1b[${COLOURS[check.state]}m${MARKS[check.state]}\x1b[0m`
    : MARKS[check.state];
  const line = `${mark} ${check.item.padEnd(18)} ${check.says}`;
  return check.mend === undefined ? line : `${line}\n${" ".repeat(21)}→ ${check.mend}`;
}

/** The last line: whether colony runs here. */
export function renderSummary(checks: readonly HostCheck[]): string {
  const count = (state: HostCheck["state"]) =>
    checks.filter((check) => check.state === state).length;
  if (count("missing") > 0)
    return `${count("missing")} of ${checks.length} items are missing: colony cannot run here yet.`;
  if (count("limited") > 0)
    return `Colony runs here; ${count("limited")} of ${checks.length} items are limited.`;
  return "Colony runs here with all its guarantees.";
}

/** Checks this host item by item. Yields as it goes: the trials take a second or two. */
async function* examine(folder: StateFolder, demands: Demands): AsyncGenerator<HostCheck> {
  if (demands.settingsProblem !== undefined) {
    yield missing("settings", demands.settingsProblem, "mend config.yml");
  }
  yield* await checkHost(folder);
  yield checkRuntime(folder, demands);
  yield* checkGuarantees(demands);
  yield* await checkTools(folder);
  yield* checkSystemFiles();
  yield await checkRedis();
  yield* await checkBrowser();
  yield* checkAgents(folder);
}

/** What `config.yml` says, or what is wrong with it. */
export interface Demands extends HostDemands {
  readonly settingsProblem?: string;
}

/** `colony doctor`: prints each check with what mends it; returns the exit code. */
export async function runDoctor(options: {
  readonly folder: StateFolder;
  readonly demands: Demands;
  readonly json: boolean;
  readonly useColour: boolean;
  readonly print: (line: string) => void;
}): Promise<number> {
  const checks: HostCheck[] = [];
  for await (const check of examine(options.folder, options.demands)) {
    checks.push(check);
    options.print(options.json ? JSON.stringify(check) : renderCheck(check, options.useColour));
  }
  if (!options.json) options.print(renderSummary(checks));
  return checks.some((check) => check.state === "missing") ? EXIT_MISSING : 0;
}

import type { ChildProcess } from "node:child_process";
import { closeSync, openSync, readFileSync, writeFileSync } from "node:fs";
import { extname, join } from "node:path";
import type { Readable } from "node:stream";
import { groupFolders, readCgroupLayout } from "./cgroups/cgroup.ts";
import { keeperGroup } from "./cgroups/names.ts";
import { startCommand } from "./command.ts";
import { SandboxStartError } from "./errors.ts";
import { systemEnvironment, toolPath } from "./host-environment.ts";
import { parseKeeperReport } from "./keeper/answers.ts";
import { type KeeperClaim, type KeeperReport, readKeeperSpec } from "./keeper/keeper-spec.ts";
import { type LaunchPlan, renderLaunchScript, renderSteps } from "./keeper/launch-script.ts";
import { sandboxPaths } from "./keeper-paths.ts";
import type { StateFolder } from "./state-folder.ts";

const startTimeoutMs = 120_000;
/** Not at once: the replacement must not take the processor from the first instructions. */
const refillDelayMs = 2_000;

/** A keeper that has started and waits for a sandbox; it ends when we do. */
let warm: { readonly child: ChildProcess; readonly onTaken: () => void } | undefined;

/** Starts the keeper of a prepared sandbox, and with it the sandbox. */
export async function launchKeeper(folder: StateFolder, id: string): Promise<KeeperReport> {
  const spare = takeWarm();
  return spare === undefined ? launchCold(folder, id) : claim(spare, folder, id);
}

/** Keeps one started keeper ready for the next sandbox that this process opens. */
export function keepWarmKeeper(folder: StateFolder): Disposable {
  let timer: NodeJS.Timeout | undefined;
  function fill(delayMs: number): void {
    timer = setTimeout(() => {
      const child = startWarm(folder);
      warm = { child, onTaken: () => fill(refillDelayMs) };
      child.once("exit", () => {
        if (warm?.child === child) warm = undefined;
      });
    }, delayMs).unref();
  }
  fill(0);
  return {
    [Symbol.dispose]() {
      clearTimeout(timer);
      // The end of its input is its end.
      takeWarm()?.stdin?.end();
      clearTimeout(timer);
    },
  };
}

function takeWarm(): ChildProcess | undefined {
  const taken = warm;
  warm = undefined;
  if (taken === undefined) return undefined;
  taken.onTaken();
  const { child } = taken;
  return child.exitCode === null && child.signalCode === null ? child : undefined;
}

function launchCold(folder: StateFolder, id: string): Promise<KeeperReport> {
  const { keeperLog, spec } = sandboxPaths(folder, id);
  const script = renderLaunchScript(planOf(folder, id), keeperArgv(spec));
  const log = openSync(keeperLog, "a", 0o600);
  try {
    const child = start(folder, ["/bin/sh", "-c", script], ["ignore", log, log, "pipe"]);
    return readReport(child, id, keeperLog);
  } finally {
    closeSync(log);
  }
}

function startWarm(folder: StateFolder): ChildProcess {
  // The folder is for whoever looks at the list of processes.
  const argv = [...keeperArgv("--warm"), folder.home];
  const child = start(folder, argv, ["pipe", "ignore", "ignore", "pipe"]);
  child.on("error", () => undefined);
  child.stdin?.on("error", () => undefined);
  child.unref();
  for (const stream of [child.stdin, child.stdio[3]]) unrefStream(stream);
  return child;
}

/** A pipe that we only wait on must not keep us alive. */
function unrefStream(stream: unknown): void {
  if (typeof stream === "object" && stream !== null && "unref" in stream) {
    if (typeof stream.unref === "function") stream.unref();
  }
}

async function claim(spare: ChildProcess, folder: StateFolder, id: string): Promise<KeeperReport> {
  const { spec, keeperLog } = sandboxPaths(folder, id);
  const plan = planOf(folder, id);
  for (const group of groupFolders(plan.layout, plan.keeperGroup)) {
    writeFileSync(join(group, "cgroup.procs"), String(spare.pid));
  }
  const line: KeeperClaim = { specPath: spec, steps: renderSteps(plan) };
  spare.stdin?.write(`${JSON.stringify(line)}\n`);
  return readReport(spare, id, keeperLog);
}

function planOf(folder: StateFolder, id: string): LaunchPlan {
  const paths = sandboxPaths(folder, id);
  return {
    spec: { id },
    paths,
    layout: readCgroupLayout(),
    keeperGroup: keeperGroup(folder, id),
    tools: {
      mount: toolPath(folder, "mount"),
      crun: readKeeperSpec(paths.spec).crunPath,
    },
  };
}

function start(
  folder: StateFolder,
  argv: readonly string[],
  stdio: Parameters<typeof startCommand>[0]["stdio"],
): ChildProcess {
  // Slave: what the host mounts later is seen, what we mount stays ours.
  const unshare = [toolPath(folder, "unshare"), "--mount", "--propagation", "slave"] as const;
  return startCommand({
    argv: [...unshare, ...argv],
    // Types are stripped once, and compiled code is shared by all keepers of the host.
    env: { ...systemEnvironment, NODE_COMPILE_CACHE: join(folder.shared, "compile-cache") },
    stdio,
    detached: true,
  });
}

/** What mounts, the runtime, terminals and the relay's start need; nothing else can be had again. */
const keeperNeeds = [
  ...["chown", "dac_override", "dac_read_search", "fowner", "fsetid", "setfcap"],
  ...[
    "kill",
    "setgid",
    "setuid",
    "setpcap",
    "sys_chroot",
    "sys_ptrace",
    "sys_resource",
    "sys_admin",
  ],
];
const keeperRights = `-all,${keeperNeeds.map((name) => `+${name}`).join(",")}`;
const asKeeper = ["setpriv", `--bounding-set=${keeperRights}`, "--inh-caps=-all", "--"];

/** Small heaps: a host keeps dozens of them idle. */
function keeperArgv(specPath: string): string[] {
  const flags = ["--max-semi-space-size=1", "--max-old-space-size=128", "--no-warnings"];
  const main = join(import.meta.dirname, `keeper-main${extname(import.meta.filename)}`);
  return [...asKeeper, process.execPath, ...flags, main, specPath];
}

async function readReport(child: ChildProcess, id: string, logPath: string): Promise<KeeperReport> {
  child.on("error", () => undefined);
  child.unref();
  const pipe = child.stdio[3] as Readable;
  const deadline = setTimeout(() => pipe.destroy(), startTimeoutMs);
  let text = "";
  try {
    for await (const chunk of pipe) {
      text += String(chunk);
      if (text.includes("\n")) break;
    }
  } catch {
    // Destroyed by the deadline.
  } finally {
    clearTimeout(deadline);
  }
  if (text.includes("\n")) return parseKeeperReport(text);
  const words = `the keeper said nothing${lastLines(logPath)}`;
  throw new SandboxStartError(id, "launching", words);
}

/** What it wrote before it fell silent. */
function lastLines(logPath: string): string {
  try {
    const lines = readFileSync(logPath, "utf8").trimEnd().split("\n").slice(-5).join(" ");
    return lines === "" ? "" : `; its log ends with: ${lines.slice(-600)}`;
  } catch {
    return "";
  }
}

import type { ChildProcess } from "node:child_process";
import { closeSync, openSync } from "node:fs";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import type { Readable } from "node:stream";
import { readCgroupLayout } from "./cgroups/cgroup.ts";
import { keeperGroup } from "./cgroups/names.ts";
import { startCommand } from "./command.ts";
import { endSandbox, isLeftOver } from "./ending.ts";
import { SandboxExistsError, SandboxStartError } from "./errors.ts";
import { systemEnvironment, toolPath } from "./host-environment.ts";
import { parseKeeperReport } from "./keeper/answers.ts";
import { connectKeeper, type KeeperClient } from "./keeper/client.ts";
import type { KeeperRecord, KeeperReport } from "./keeper/keeper-spec.ts";
import { renderLaunchScript } from "./keeper/launch-script.ts";
import { type SandboxPaths, sandboxPaths } from "./keeper-paths.ts";
import { isOpening, markOpening } from "./opening.ts";
import { type OpenOptions, prepareSandbox } from "./prepare.ts";
import type { SandboxSpec } from "./spec.ts";
import { checkSpec } from "./spec-check.ts";
import type { StateFolder } from "./state-folder.ts";
import { readKeeperRecord } from "./state-of-sandbox.ts";

const startTimeoutMs = 60_000;

/** A connection to a keeper with what it wrote down about itself. */
export interface KeptSandbox {
  readonly client: KeeperClient;
  readonly record: KeeperRecord;
}

/** Starts a sandbox with its keeper, which lives on when the caller dies. */
export async function launchSandbox(
  folder: StateFolder,
  spec: SandboxSpec,
  options: OpenOptions,
): Promise<KeptSandbox> {
  checkSpec(spec);
  const paths = sandboxPaths(folder, spec.id);
  using living = await connectKeeper(spec.id, paths.keeperSocket);
  if (living !== undefined) throw new SandboxExistsError(spec.id);
  if (isOpening(paths)) throw new SandboxExistsError(spec.id);
  await mkdir(paths.private, { recursive: true, mode: 0o700 });
  using _mark = markOpening(paths);
  // What an earlier keeper of this id left must be gone first: never mount an upper twice.
  if (isLeftOver(folder, spec.id)) await endSandbox(folder, spec.id);
  try {
    await prepareSandbox(folder, spec, options);
    const report = await launchKeeper(folder, spec.id);
    if (!report.ok) throw new SandboxStartError(spec.id, report.step, report.words);
    const client = await connectKeeper(spec.id, paths.keeperSocket);
    if (client === undefined) throw new SandboxStartError(spec.id, "connecting", "no answer");
    return { client, record: report.record };
  } catch (error) {
    await endSandbox(folder, spec.id);
    throw error;
  }
}

/** Connects to the living keeper of a sandbox, if there is one. */
export async function findKeeper(
  folder: StateFolder,
  id: string,
): Promise<KeptSandbox | undefined> {
  const paths = sandboxPaths(folder, id);
  const record = readKeeperRecord(paths);
  if (record === undefined) return undefined;
  const client = await connectKeeper(id, paths.keeperSocket);
  return client === undefined ? undefined : { client, record };
}

async function launchKeeper(folder: StateFolder, id: string): Promise<KeeperReport> {
  const paths = sandboxPaths(folder, id);
  const script = renderLaunchScript({
    spec: { id },
    paths,
    layout: readCgroupLayout(),
    keeperGroup: keeperGroup(folder, id),
    tools: {
      mount: toolPath(folder, "mount"),
      umount: toolPath(folder, "umount"),
      crun: toolPath(folder, "crun"),
    },
    keeperArgv: keeperArgv(paths),
  });
  const log = openSync(paths.keeperLog, "a", 0o600);
  try {
    const child = startCommand({
      argv: [
        toolPath(folder, "unshare"),
        "--mount",
        "--propagation",
        "private",
        "/bin/sh",
        "-c",
        script,
      ],
      // Types are stripped once, and compiled code is shared by all keepers of the host.
      env: { ...systemEnvironment, NODE_COMPILE_CACHE: join(folder.shared, "compile-cache") },
      stdio: ["ignore", log, log, "pipe"],
      detached: true,
    });
    return await readReport(child, id);
  } finally {
    closeSync(log);
  }
}

/** Small heaps: a host keeps dozens of them idle. */
function keeperArgv(paths: SandboxPaths): string[] {
  const extension = import.meta.filename.endsWith(".ts") ? "ts" : "js";
  const flags = ["--max-semi-space-size=1", "--max-old-space-size=128", "--no-warnings"];
  const main = join(import.meta.dirname, `keeper-main.${extension}`);
  return [process.execPath, ...flags, main, paths.spec];
}

async function readReport(child: ChildProcess, id: string): Promise<KeeperReport> {
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
  if (!text.includes("\n")) throw new SandboxStartError(id, "launching", "the keeper said nothing");
  return parseKeeperReport(text);
}

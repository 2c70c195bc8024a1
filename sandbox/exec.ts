import { randomUUID } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdir, rm } from "node:fs/promises";
import { join } from "node:path";
import type { Readable } from "node:stream";
import { CappedOutput } from "./capped-output.ts";
import { countOutOfMemoryKills, readCgroupLayout } from "./cgroups/cgroup.ts";
import { boxGroup } from "./cgroups/names.ts";
import { startCommand } from "./command.ts";
import { systemEnvironment } from "./host-environment.ts";
import { decideExit } from "./keeper/exit.ts";
import { prepareExec } from "./keeper/inside-command.ts";
import { readKeeperSpec } from "./keeper/keeper-spec.ts";
import { waitForPid } from "./keeper/pid-file.ts";
import { killTree } from "./keeper/process-tree.ts";
import { sandboxPaths } from "./keeper-paths.ts";
import type { ExecResult, Sandbox } from "./spec.ts";
import type { StateFolder } from "./state-folder.ts";

/** What a daemon that holds the pipe may still say after the program's end. */
const drainTimeoutMs = 500;

/** Runs a program inside to its end, as a child of ours: it does not outlive the caller's interest. */
export async function execInSandbox(
  folder: StateFolder,
  id: string,
  argv: readonly string[],
  options: Parameters<Sandbox["exec"]>[1],
): Promise<ExecResult> {
  const paths = sandboxPaths(folder, id);
  const keeper = readKeeperSpec(paths.spec);
  const files = join(paths.private, "exec", randomUUID());
  await mkdir(files, { recursive: true, mode: 0o700 });
  const layout = readCgroupLayout();
  const group = boxGroup(folder, id);
  const killsBefore = countOutOfMemoryKills(layout, group);
  const pidFile = join(files, "pid");
  const command = prepareExec(
    {
      sandboxId: id,
      crunPath: keeper.crunPath,
      runtimeState: paths.runtimeState,
      limits: keeper.sandbox.limits,
      openFiles: keeper.openFiles,
      env: keeper.network?.host.environment ?? {},
    },
    { argv, env: options.env ?? {}, cwd: options.cwd ?? "/workspace" },
    { processFile: join(files, "process.json"), pidFile },
  );
  const output = new CappedOutput(options.maxOutputBytes);
  let timedOut = false;
  const child = startCommand({
    argv: command,
    env: systemEnvironment,
    stdio: ["pipe", "pipe", "pipe"],
  });
  function take(bytes: Buffer): void {
    output.push(bytes);
    options.onOutput?.(bytes);
  }
  async function kill(): Promise<void> {
    const pid = await waitForPid(pidFile, () => child.exitCode !== null);
    if (pid !== undefined) killTree(pid);
    child.kill("SIGKILL");
  }
  const abort = () => void kill();
  const timer = setTimeout(() => {
    timedOut = true;
    abort();
  }, options.timeoutMs);
  options.signal?.addEventListener("abort", abort, { once: true });
  if (options.signal?.aborted) abort();
  child.stdin?.on("error", () => undefined).end();
  child.stdout?.on("data", take);
  child.stderr?.on("data", take);
  try {
    const end = await waitForEnd(child);
    const outOfMemoryKills = countOutOfMemoryKills(layout, group) - killsBefore;
    const exit = decideExit({
      ...end,
      outOfMemoryKills,
      diskFull: false,
      hasBegun: existsSync(pidFile),
    });
    return { ...exit, output: output.text(), truncated: output.truncated, timedOut };
  } finally {
    clearTimeout(timer);
    options.signal?.removeEventListener("abort", abort);
    await rm(files, { recursive: true, force: true });
  }
}

async function waitForEnd(
  child: ReturnType<typeof startCommand>,
): Promise<{ code: number | null; signal: string | null }> {
  return new Promise((resolve, reject) => {
    child.on("error", reject);
    child.on("exit", (code, signal) => {
      const timer = setTimeout(done, drainTimeoutMs);
      child.on("close", done);
      function done(): void {
        clearTimeout(timer);
        for (const stream of [child.stdout, child.stderr] as (Readable | null)[]) stream?.destroy();
        resolve({ code, signal });
      }
    });
  });
}

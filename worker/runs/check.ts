import type { ExecResult, Sandbox } from "../../sandbox/sandbox.ts";
import { renderTerminal } from "../agent/terminal/render.ts";
import type { ArtifactRef } from "../protocol/change.ts";
import type { CheckResult } from "../protocol/task.ts";
import { insideWorkspace } from "./colony.ts";
import type { RunContext } from "./run-context.ts";

const excerptLines = 20;
const maxOutputBytes = 4 * 1024 * 1024;

/** How a command ended, and its whole output where the excerpt is not all. */
export interface InsideResult {
  readonly result: CheckResult;
  readonly artifact: ArtifactRef | undefined;
}

/** Runs a command line of the repository's settings inside, and keeps what a person wants to see. */
export async function runInside(
  context: RunContext,
  sandbox: Sandbox,
  command: string,
  options: {
    readonly env: Readonly<Record<string, string>>;
    readonly timeoutMs: number;
    readonly name: string;
  },
): Promise<InsideResult> {
  const startedAtMs = Date.now();
  const ended = await sandbox.exec(["sh", "-c", command], {
    cwd: insideWorkspace,
    env: options.env,
    timeoutMs: options.timeoutMs,
    maxOutputBytes,
  });
  const { name, timeoutMs } = options;
  return showResult(context, { name, command, timeoutMs }, ended, Date.now() - startedAtMs);
}

/** What a person wants to see of a command that has ended. */
export async function showResult(
  context: RunContext,
  { name, command, timeoutMs }: { name: string; command: string; timeoutMs: number },
  ended: ExecResult,
  elapsedMs = 0,
): Promise<InsideResult> {
  const lines = await renderTerminal(Buffer.from(ended.output));
  const cut = lines.length > excerptLines || ended.truncated;
  const artifact = cut
    ? await context.client.putArtifact(Buffer.from(lines.join("\n")), `${name}.log`, "text/plain")
    : undefined;
  const excerpt = lines.slice(-excerptLines).join("\n");
  return {
    artifact,
    result: {
      command,
      exitCode: ended.timedOut ? null : (ended.exitCode ?? 128),
      excerpt: ended.timedOut
        ? `${excerpt}\n(ended after ${Math.round(timeoutMs / 1000)} s)`
        : excerpt,
      elapsedMs,
      ...(artifact === undefined ? {} : { artifact: artifact.id }),
    },
  };
}

export function passed(result: CheckResult): boolean {
  return result.exitCode === 0;
}

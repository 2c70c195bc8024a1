import { writeFileSync } from "node:fs";
import { type InsideProcess, outOfMemoryScore, renderProcess } from "../bundle/process.ts";
import type { SandboxLimits } from "../spec.ts";

/** What is needed to start programs in a running sandbox. */
export interface ExecTarget {
  readonly sandboxId: string;
  readonly crunPath: string;
  readonly runtimeState: string;
  readonly limits: SandboxLimits;
  readonly openFiles: number;
  /** Given to every program, below its own. */
  readonly env: Readonly<Record<string, string>>;
}

/**
 * Writes the process file and answers the host command that runs it inside. crun's exec ignores
 * `oomScoreAdj`, hence the shell before it.
 */
export function prepareExec(
  target: ExecTarget,
  inside: InsideProcess,
  files: { readonly processFile: string; readonly pidFile: string },
): [string, ...string[]] {
  const env = { ...target.env, ...inside.env };
  const process = renderProcess({ ...inside, env }, target.limits, target.openFiles);
  writeFileSync(files.processFile, JSON.stringify(process), { mode: 0o600 });
  const crun = [target.crunPath, "--root", target.runtimeState, "exec"];
  const options = ["--pid-file", files.pidFile, "--process", files.processFile, target.sandboxId];
  const script = `echo ${outOfMemoryScore} > /proc/self/oom_score_adj; exec "$@"`;
  return ["/bin/sh", "-c", script, "sh", ...crun, ...options];
}

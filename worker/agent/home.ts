import type { Sandbox } from "../../sandbox/sandbox.ts";

/** A configuration file of an agent, relative to its HOME. */
export interface HomeFile {
  readonly path: string;
  readonly content: string;
}

/** An agent's HOME could not be written. */
export class AgentHomeError extends Error {
  readonly output: string;
  constructor(home: string, output: string) {
    super(`The agent's HOME ${home} could not be prepared: ${output.trim()}`);
    this.name = "AgentHomeError";
    this.output = output;
  }
}

const script = `set -e
cd "$1"
umask 077
while [ $# -gt 2 ]; do mkdir -p "$(dirname "$2")"; printf %s "$3" > "$2"; h=$1; shift 3; set -- "$h" "$@"; done`;

/** Writes the files from inside the sandbox: the host opens nothing by name in there. */
export async function prepareHome(
  sandbox: Pick<Sandbox, "exec">,
  home: string,
  files: readonly HomeFile[],
): Promise<void> {
  if (files.length === 0) return;
  const pairs = files.flatMap((file) => [file.path, file.content]);
  const result = await sandbox.exec(
    ["sh", "-c", `mkdir -p "$1"\n${script}`, "sh", home, ...pairs],
    { cwd: "/", timeoutMs: 20_000, maxOutputBytes: 4_000 },
  );
  if (result.exitCode !== 0) throw new AgentHomeError(home, result.output);
}

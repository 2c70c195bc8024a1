import { statSync } from "node:fs";
import { runCommand } from "./command.ts";
import { systemEnvironment, toolPath } from "./host-environment.ts";
import type { StateFolder } from "./state-folder.ts";

/** What every program of ours wants: the system's programs, and the settings of TLS libraries. */
const common = ["/usr", "/etc/ssl"];

let isOffered: Promise<boolean> | undefined;

/**
 * Put before the command line of a program that reads hostile bytes: the kernel (Landlock) lets it
 * open what lies below these paths, for reading, and no other file at all; descriptors that it was
 * given and sockets are not concerned. Empty where the kernel or the tools do not offer it. It wants
 * to be put after whatever takes away the way to new privileges.
 */
export async function seeingOnly(
  folder: StateFolder,
  readable: readonly string[],
): Promise<readonly string[]> {
  const argv = landlockArgv(toolPath(folder, "setpriv"), readable);
  isOffered ??= runCommand({
    argv: [...landlockArgv(toolPath(folder, "setpriv"), []), "true"],
    env: systemEnvironment,
    timeoutMs: 10_000,
    maxOutputBytes: 10_000,
  }).then(
    ({ exitCode }) => exitCode === 0,
    () => false,
  );
  return (await isOffered) ? argv : [];
}

function landlockArgv(setpriv: string, readable: readonly string[]): [string, ...string[]] {
  const rules = [...common, ...readable].flatMap((path) => {
    const found = statSync(path, { throwIfNoEntry: false });
    if (found === undefined) return [];
    const rights = found.isDirectory() ? "execute,read-file,read-dir" : "read-file";
    return ["--landlock-rule", `path-beneath:${rights}:${path}`];
  });
  return [setpriv, "--no-new-privs", "--landlock-access", "fs", ...rules, "--"];
}

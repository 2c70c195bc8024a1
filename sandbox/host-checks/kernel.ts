import { readFileSync } from "node:fs";
import { release } from "node:os";
import { type CommandResult, runCommand } from "../command.ts";
import { type HostCheck, missing, ok } from "../host-check.ts";
import { systemEnvironment, toolPath } from "../host-environment.ts";
import type { StateFolder } from "../state-folder.ts";

/** Kernel 5.19 is the first whose overlay takes an idmapped lower layer. */
const OLDEST_KERNEL = [5, 19] as const;

/** Judges the kernel by its release (`6.1.0-18-amd64`). */
export function judgeKernel(kernel: string): HostCheck {
  const [major = 0, minor = 0] = kernel.split(/[.-]/).map(Number);
  const isNew =
    major > OLDEST_KERNEL[0] || (major === OLDEST_KERNEL[0] && minor >= OLDEST_KERNEL[1]);
  if (isNew) return ok("kernel", `Linux ${kernel}`);
  const says = `Linux ${kernel} cannot put an overlay on an idmapped folder; 5.19 or newer is needed.`;
  return missing("kernel", says, "apt-get install linux-image-amd64 and reboot into it");
}

/** Judges a limit of `/proc/sys/user` that must not be 0. */
export function judgeNamespaceLimit(
  name: string,
  value: string | undefined,
): HostCheck | undefined {
  if (value === undefined || Number(value) > 0) return undefined;
  const says = `The host allows no ${name.replace("max_", "").replace("_namespaces", "")} namespaces.`;
  return missing("namespaces", says, `sysctl -w user.${name}=15000`);
}

const NAMESPACE_LIMITS = ["mnt", "pid", "ipc", "uts", "net", "user", "cgroup"].map(
  (n) => `max_${n}_namespaces`,
);

function readSetting(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8").trim();
  } catch {
    return undefined;
  }
}

export function checkKernel(): HostCheck[] {
  const limits = NAMESPACE_LIMITS.map((name) =>
    judgeNamespaceLimit(name, readSetting(`/proc/sys/user/${name}`)),
  );
  return [judgeKernel(release()), ...limits.filter((check) => check !== undefined)];
}

/** Makes all seven namespaces once, as a sandbox does. */
export async function checkNamespaces(folder: StateFolder): Promise<HostCheck> {
  const flags = [
    "--mount",
    "--pid",
    "--ipc",
    "--uts",
    "--net",
    "--user",
    "--cgroup",
    "--fork",
    "--map-root-user",
  ];
  const result = await tryCommand([toolPath(folder, "unshare"), ...flags, "true"]);
  if (result.exitCode === 0)
    return ok("namespace trial", "mount, pid, ipc, uts, network, user, cgroup");
  const says = `A process with namespaces of its own does not start: ${lastLine(result)}`;
  return missing(
    "namespaces",
    says,
    "run colony on the host itself, or in a container with --privileged",
  );
}

/** Runs a trial; a program that is not there is an answer too. */
export async function tryCommand(
  argv: readonly [string, ...string[]],
  account: { uid?: number; gid?: number } = {},
): Promise<CommandResult> {
  try {
    return await runCommand({
      argv,
      env: systemEnvironment,
      timeoutMs: 20_000,
      maxOutputBytes: 65_536,
      ...account,
    });
  } catch (error) {
    const stderr = error instanceof Error ? error.message : String(error);
    return {
      argv,
      exitCode: 127,
      signal: null,
      stdout: Buffer.alloc(0),
      stderr,
      truncated: false,
      timedOut: false,
    };
  }
}

/** The last words of a failed trial. */
export function lastLine(result: CommandResult): string {
  if (result.timedOut) return "no answer within 20 s";
  // mount adds a hint about the kernel's log to what it said.
  const lines = result.stderr.trim().split("\n");
  const telling = lines.filter((line) => !line.includes("dmesg(1)"));
  return telling.at(-1) || `exit ${result.exitCode ?? result.signal}`;
}

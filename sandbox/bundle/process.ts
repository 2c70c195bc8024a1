import type { SandboxLimits } from "../spec.ts";
import { capabilities } from "./privileges.ts";

/**
 * Among the first to go when the host itself runs out of memory. PID 1 has it too, since runc gives
 * each exec what the bundle says; being the smallest program, it is the last to be chosen.
 */
export const outOfMemoryScore = 500;

const insidePath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/** What one program inside gets. */
export interface InsideProcess {
  readonly argv: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly cwd: string;
}

/** The OCI process object, for the bundle's PID 1 and for each exec's process file. */
export function renderProcess(
  process: InsideProcess,
  limits: Pick<SandboxLimits, "diskBytes" | "openFiles">,
  hostOpenFiles: number,
): object {
  const base = { PATH: insidePath, HOME: "/root", USER: "root", LANG: "C.UTF-8" };
  const env = { ...base, ...process.env };
  const caps = [...capabilities];
  // The runtime cannot raise a hard limit without CAP_SYS_RESOURCE.
  const openFiles = Math.min(limits.openFiles, hostOpenFiles);
  return {
    // Terminals are ours to open, never the runtime's: see `keeper/terminal.ts`.
    terminal: false,
    user: { uid: 0, gid: 0 },
    args: process.argv,
    env: Object.entries(env).map(([name, value]) => `${name}=${value}`),
    cwd: process.cwd,
    capabilities: { bounding: caps, effective: caps, permitted: caps },
    rlimits: [
      rlimit("RLIMIT_CORE", 0),
      rlimit("RLIMIT_NOFILE", openFiles),
      rlimit("RLIMIT_FSIZE", limits.diskBytes),
    ],
    noNewPrivileges: true,
  };
}

function rlimit(type: string, value: number): object {
  return { type, hard: value, soft: value };
}

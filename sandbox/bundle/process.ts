import type { SandboxLimits } from "../spec.ts";
import { capabilities } from "./privileges.ts";

const insidePath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/** What one program inside gets. */
export interface InsideProcess {
  readonly argv: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly cwd: string;
  readonly terminal?: { readonly columns: number; readonly rows: number } | undefined;
}

/** The OCI process object, for the bundle's PID 1 and for each exec's process file. */
export function renderProcess(
  process: InsideProcess,
  limits: Pick<SandboxLimits, "diskBytes" | "openFiles">,
  hostOpenFiles: number,
): object {
  const base = { PATH: insidePath, HOME: "/root", USER: "root", LANG: "C.UTF-8" };
  const term = process.terminal === undefined ? {} : { TERM: "xterm-256color" };
  const env = { ...base, ...term, ...process.env };
  const caps = [...capabilities];
  // The runtime cannot raise a hard limit without CAP_SYS_RESOURCE.
  const openFiles = Math.min(limits.openFiles, hostOpenFiles);
  return {
    terminal: process.terminal !== undefined,
    ...(process.terminal === undefined
      ? {}
      : { consoleSize: { height: process.terminal.rows, width: process.terminal.columns } }),
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

import type { SandboxSpec } from "../spec.ts";
import { type OciMount, renderMounts } from "./mounts.ts";
import { maskedPaths, readonlyPaths, sysctls } from "./privileges.ts";
import { outOfMemoryScore, renderProcess } from "./process.ts";

/** Number of uids of a sandbox. */
export const uidRangeSize = 65_536;

/** What the bundle depends on beside the spec. */
export interface BundleHost {
  readonly uidBase: number;
  readonly cgroupsPath: string;
  readonly rootPath: string;
  /** Path of what becomes `/workspace`, in the keeper's mount namespace; absent: nothing does. */
  readonly workspacePath?: string;
  readonly seccomp: object;
  readonly openFiles: number;
  /** v1 without swap accounting refuses a swap limit. */
  readonly canLimitSwap: boolean;
}

/**
 * PID 1: with SIGCHLD ignored, which an exec keeps, the kernel itself reaps every orphan, and the
 * program never wakes (tini does each second, and with it what watches for the sandbox to move).
 */
const initArgv = ["/usr/bin/env", "--ignore-signal=CHLD", "/usr/bin/sleep", "infinity"];

/** The OCI runtime's `config.json`. */
export function renderBundle(spec: SandboxSpec, host: BundleHost): object {
  const mapping = [{ containerID: 0, hostID: host.uidBase, size: uidRangeSize }];
  const namespaces = ["mount", "pid", "ipc", "uts", "network", "user", "cgroup"];
  return {
    ociVersion: "1.0.2",
    hostname: spec.hostname,
    root: { path: host.rootPath, readonly: false },
    process: {
      ...renderProcess({ argv: initArgv, env: {}, cwd: "/" }, spec.limits, host.openFiles),
      oomScoreAdj: outOfMemoryScore,
    },
    mounts: bundleMounts(spec, host),
    linux: {
      namespaces: namespaces.map((type) => ({ type })),
      uidMappings: mapping,
      gidMappings: mapping,
      cgroupsPath: host.cgroupsPath,
      resources: renderResources(spec, host.canLimitSwap),
      sysctl: sysctls,
      seccomp: host.seccomp,
      maskedPaths,
      readonlyPaths,
      rootfsPropagation: "rslave",
    },
  };
}

function bundleMounts(spec: SandboxSpec, host: BundleHost): OciMount[] {
  return renderMounts({
    ...(host.workspacePath === undefined ? {} : { workspace: host.workspacePath }),
    binds: spec.binds,
  });
}

function renderResources(spec: SandboxSpec, canLimitSwap: boolean): object {
  const { memoryBytes, pids, cpus } = spec.limits;
  const period = 100_000;
  return {
    devices: [{ allow: false, access: "rwm" }],
    memory: { limit: memoryBytes, ...(canLimitSwap ? { swap: memoryBytes } : {}) },
    pids: { limit: pids },
    cpu: { quota: Math.round(cpus * period), period },
  };
}

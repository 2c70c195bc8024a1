import { readFileSync } from "node:fs";
import type { HostSettings } from "../network/egress-policy.ts";
import type { SandboxSpec } from "../spec.ts";

/**
 * What the keeper is told, as a file that only root can write. It is checked by its writer
 * (`checkSpec`): a schema library would double the keeper's idle memory.
 */
export interface KeeperSpec {
  readonly version: 1;
  readonly home: string;
  readonly shared: string;
  readonly sandbox: SandboxSpec;
  readonly uidBase: number;
  readonly crunPath: string;
  /** The host's hard limit of open files: nothing inside may ask for more. */
  readonly openFiles: number;
  /** Absent: nothing but `lo`, no relay, no dialer. */
  readonly network?: KeeperNetworkSpec;
  readonly notEnforced: readonly string[];
}

/** The relay's user, who may dial, and the host's settings as JSON made them (URLs are text). */
export interface KeeperNetworkSpec {
  readonly uid: number;
  readonly gid: number;
  readonly dialerGid: number;
  readonly host: HostSettings;
  readonly allowedRanges: readonly string[];
  /** Where the relay finds its code, as an unprivileged user. */
  readonly codeRoot?: string;
  /** Put before the relay's Node: see `seeingOnly`. */
  readonly confinement?: readonly string[];
}

/** Written by the keeper when the sandbox runs; read by those who adopt or clean up. */
export interface KeeperRecord {
  readonly version: 1;
  readonly keeperPid: number;
  readonly initPid: number;
  readonly uidBase: number;
  readonly epoch: number;
  readonly dialerPath: string;
  readonly notEnforced: readonly string[];
  readonly startedAt: string;
}

/** What a warm keeper is told when its sandbox has come. */
export interface KeeperClaim {
  readonly specPath: string;
  /** Shell lines that mount and start it; see `renderSteps`. */
  readonly steps: string;
}

/** First line on the launcher's pipe. */
export type KeeperReport =
  | { readonly ok: true; readonly record: KeeperRecord }
  | { readonly ok: false; readonly step: string; readonly words: string };

/** Reads the file that the launcher wrote. */
export function readKeeperSpec(path: string): KeeperSpec {
  const spec: KeeperSpec = JSON.parse(readFileSync(path, "utf8"));
  if (spec.version !== 1) throw new Error(`${path}: a version that this keeper does not know.`);
  return spec;
}

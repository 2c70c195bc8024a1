import type { EgressLimits, EgressPolicy, SandboxLimits } from "../../sandbox/sandbox.ts";
import type { AdminSettings } from "./admin-settings.ts";
import { decideEgress } from "./egress.ts";
import type { Limits, RepositorySettings } from "./repository-settings.ts";

/** What holds for a task: the repository's wishes within the administrator's bounds. */
export interface EffectiveSettings {
  readonly agent: string | undefined;
  readonly permissions: "ask" | "bypass";
  readonly image: { readonly path?: string | undefined; readonly packages: readonly string[] };
  readonly setup: string | undefined;
  readonly check: string | undefined;
  readonly preview: { readonly command?: string; readonly port?: number; readonly path: string };
  readonly env: Readonly<Record<string, string>>;
  readonly egress: EgressPolicy;
  readonly egressLimits: EgressLimits;
  readonly limits: SandboxLimits;
  /** The most that kept layers may take on the disk of this host. */
  readonly layerBytes: number;
  readonly setupTimeoutMs: number;
  readonly checkTimeoutMs: number;
  readonly runTimeMs: number;
  readonly silenceMs: number;
  /** The administrator's maxima: what a repository cannot raise. */
  readonly mostLimits: Limits;
  /** Sentences for the thread about wishes that the administrator's bounds cut. */
  readonly remarks: readonly string[];
}

/** Every limit, decided. */
type AllLimits = { readonly [K in keyof Limits]-?: number };

const defaultLimits: AllLimits = {
  memory: 4 * 1024 ** 3,
  pids: 4_096,
  cpus: 2,
  disk: 10 * 1024 ** 3,
  files: 65_536,
  traffic: 100 * 1024 ** 3,
  connections: 512,
  bandwidth: 10 * 1024 ** 3,
  setupTime: 30 * 60_000,
  checkTime: 30 * 60_000,
  time: 24 * 3_600_000,
  silence: 30 * 60_000,
};

const defaultLayerBytes = 20 * 1024 ** 3;

/** Pure: the administrator wins wherever the two differ. */
export function effectiveSettings(
  repository: RepositorySettings,
  admin: AdminSettings,
): EffectiveSettings {
  const { limits, cut } = boundLimits(repository.limits ?? {}, admin.limits ?? {});
  const wish: EgressPolicy = repository.egress ?? { kind: "packages", alsoNames: [] };
  const { egress, refused } = decideEgress(wish, admin.egress ?? { kind: "open" });
  const permissions =
    admin.permissions === "ask" ? "ask" : (repository.permissions ?? admin.permissions ?? "bypass");
  const { command, port, path } = repository.preview ?? {};
  return {
    agent: repository.agent ?? admin.agent,
    permissions,
    image: { path: repository.image?.path, packages: repository.image?.packages ?? [] },
    setup: repository.setup ?? repository.image?.setup,
    check: repository.check,
    preview: {
      path: path ?? "/",
      ...(command === undefined ? {} : { command }),
      ...(port === undefined ? {} : { port }),
    },
    env: repository.env ?? {},
    egress,
    egressLimits: {
      bytes: limits.traffic,
      connections: limits.connections,
      bytesPerSecond: limits.bandwidth,
    },
    limits: {
      memoryBytes: limits.memory,
      pids: limits.pids,
      cpus: limits.cpus,
      diskBytes: limits.disk,
      openFiles: limits.files,
    },
    layerBytes: admin.layers ?? defaultLayerBytes,
    setupTimeoutMs: limits.setupTime,
    checkTimeoutMs: limits.checkTime,
    runTimeMs: limits.time,
    silenceMs: limits.silence,
    mostLimits: admin.limits ?? {},
    remarks: [
      ...cut.map(
        (name) =>
          `The administrator's limit on \`${name}\` is lower than the repository's; it holds.`,
      ),
      ...(refused.length === 0 || repository.egress === undefined
        ? []
        : [
            `The administrator does not allow this egress of the repository's: ${refused.join(", ")}.`,
          ]),
      ...(admin.permissions === "ask" && repository.permissions === "bypass"
        ? [
            "The administrator has agents ask before they act; `permissions: bypass` is not followed.",
          ]
        : []),
    ],
  };
}

function boundLimits(
  wish: Limits,
  most: Limits,
): { readonly limits: AllLimits; readonly cut: readonly string[] } {
  const limits: Record<keyof Limits, number> = { ...defaultLimits };
  const cut: string[] = [];
  for (const name of Object.keys(defaultLimits) as (keyof Limits)[]) {
    const bound = most[name] ?? Number.POSITIVE_INFINITY;
    const wished = wish[name] ?? defaultLimits[name];
    limits[name] = Math.min(wished, bound);
    if ((wish[name] ?? 0) > bound) cut.push(name);
  }
  return { limits, cut };
}

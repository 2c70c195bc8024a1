/** What a probe tries to get at. */
export type Area =
  | "mounts"
  | "namespaces"
  | "processes"
  | "host files"
  | "launcher"
  | "kernel"
  | "kernel files"
  | "devices"
  | "cgroups"
  | "sockets"
  | "network"
  | "neighbours"
  | "shared memory"
  | "privileges"
  | "exhaustion";

/** A small hostile program, run inside a live sandbox. */
export interface Probe {
  readonly name: string;
  readonly area: Area;
  readonly language: "python" | "sh";
  /**
   * It exits with 0 when it got what it wants; a refusal is any other end. Python sees the names of
   * `inside/prelude.py`, both see where the decoys are (`D`, or the environment).
   */
  readonly code: string;
  /** What is open when it fires. */
  readonly opens: string;
  /** Why no loosened sandbox shows it firing; absent: one does. */
  readonly notShown?: string;
}

/** One row of a table: name, what is open when it fires, program, and why it is not shown. */
type Row = readonly [name: string, opens: string, code: string, notShown?: string];

/** The short forms in which tables are written. */
export function probesOf(area: Area): {
  python(...row: Row): Probe;
  sh(...row: Row): Probe;
} {
  const probe = (language: Probe["language"], [name, opens, code, notShown]: Row): Probe => ({
    ...{ name: `${area}: ${name}`, area, language, code, opens },
    ...(notShown === undefined ? {} : { notShown }),
  });
  return {
    python: (...row) => probe("python", row),
    sh: (...row) => probe("sh", row),
  };
}

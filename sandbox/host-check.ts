/**
 * One thing that was looked at: `limited` works with a weaker guarantee, `optional` is not there
 * and not needed, `missing` is needed.
 */
export interface HostCheck {
  readonly item: string;
  readonly state: "ok" | "limited" | "optional" | "missing";
  readonly says: string;
  /** The command, or the deed, that mends it. */
  readonly mend?: string;
}

export function ok(item: string, says: string): HostCheck {
  return { item, state: "ok", says };
}

export function limited(item: string, says: string, mend: string): HostCheck {
  return { item, state: "limited", says, mend };
}

export function missing(item: string, says: string, mend: string): HostCheck {
  return { item, state: "missing", says, mend };
}

export function optional(item: string, says: string, mend: string): HostCheck {
  return { item, state: "optional", says, mend };
}

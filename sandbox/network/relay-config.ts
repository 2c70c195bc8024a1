/** How the keeper starts a relay; passed as one argument, and holds no secret. */
export interface RelayConfig {
  /** Both relative to the working folder: folders above it need not be open to the relay. */
  readonly egressPath: string;
  readonly dialerPath: string;
  /** Ports of 127.0.0.1 inside that lead to sockets of the host. */
  readonly forwards: readonly number[];
  /** Ports other than 80 and 443 of which the protocol is known, or (in a fallback) that are listed. */
  readonly otherPorts: readonly OtherPort[];
  /** A peer that neither sends nor takes a byte for this long is cut. */
  readonly idleTimeoutMs: number;
  /** Do without the kernel's program; see `relay-sockets.ts`. */
  readonly plain?: true;
}

export interface OtherPort {
  readonly name: string;
  readonly port: number;
  readonly scheme: "http" | "https" | "tcp";
}

/** Parses what `renderRelayConfig` wrote; our own process wrote it, so a wrong shape is a defect. */
export function parseRelayConfig(text: string): RelayConfig {
  const value: unknown = JSON.parse(text);
  if (typeof value !== "object" || value === null || !("egressPath" in value)) {
    throw new TypeError("the relay was started without its configuration");
  }
  return value as RelayConfig;
}

export function renderRelayConfig(config: RelayConfig): string {
  return JSON.stringify(config);
}

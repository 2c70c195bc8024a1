/** How the keeper starts a relay; passed as one argument, and holds no secret. */
export interface RelayConfig {
  /** Both relative to the working folder: folders above it need not be open to the relay. */
  readonly egressPath: string;
  readonly dialerPath: string;
  /** Ports of 127.0.0.1 inside that lead to sockets of the host. */
  readonly forwards: readonly number[];
  /** Registries on ports other than 80 and 443: each listens on its own name's address. */
  readonly otherPorts: readonly OtherPort[];
}

export interface OtherPort {
  readonly name: string;
  readonly port: number;
  readonly scheme: "http" | "https";
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

/** What one host was to a sandbox. */
export interface HostTraffic {
  readonly host: string;
  readonly ports: readonly number[];
  readonly connections: number;
  readonly refused: number;
  readonly bytesUp: number;
  readonly bytesDown: number;
  readonly firstMs: number;
  readonly lastMs: number;
}

/** A host that was refused, however often. */
export interface EgressRefusal {
  readonly host: string;
  readonly ports: readonly number[];
  readonly count: number;
  /** The command that asked last, as far as it was found. */
  readonly command?: string;
  readonly sentence: string;
  /** A person can allow it; else only the administrator's settings, or nobody, could. */
  readonly askable: boolean;
  readonly firstMs: number;
  readonly lastMs: number;
}

/** What a sandbox's network did so far; a summary of its ledger that stays small. */
export interface EgressState {
  readonly version: 1;
  /** Busiest first. */
  readonly hosts: readonly HostTraffic[];
  /** Hosts beyond those that are kept. */
  readonly moreHosts: number;
  readonly refusals: readonly EgressRefusal[];
  readonly moreRefusals: number;
  readonly bytesUp: number;
  readonly bytesDown: number;
  /** Set when a limit of the sandbox cut something: one sentence. */
  readonly limit?: string;
}

export const noEgress: EgressState = {
  version: 1,
  hosts: [],
  moreHosts: 0,
  refusals: [],
  moreRefusals: 0,
  bytesUp: 0,
  bytesDown: 0,
};

const maxHosts = 200;
const maxRefusals = 50;
const maxPorts = 16;

/** What a connection adds. */
export interface TrafficFact {
  readonly host: string;
  readonly port: number;
  readonly connections: number;
  readonly bytesUp: number;
  readonly bytesDown: number;
}

/** Pure: the state with a connection, or more of its bytes. */
export function addTraffic(state: EgressState, fact: TrafficFact, nowMs: number): EgressState {
  const { host, port, connections, bytesUp, bytesDown } = fact;
  const known = state.hosts.find((one) => one.host === host);
  const total = {
    ...state,
    bytesUp: state.bytesUp + bytesUp,
    bytesDown: state.bytesDown + bytesDown,
  };
  if (known === undefined && state.hosts.length >= maxHosts) {
    return connections === 0 ? total : { ...total, moreHosts: state.moreHosts + 1 };
  }
  const before = known ?? newHost(host, nowMs);
  const after = {
    ...before,
    ports: withPort(before.ports, port),
    connections: before.connections + connections,
    bytesUp: before.bytesUp + bytesUp,
    bytesDown: before.bytesDown + bytesDown,
    lastMs: nowMs,
  };
  return { ...total, hosts: [...state.hosts.filter((one) => one !== known), after] };
}

/** What a refusal says. */
export interface RefusalFact {
  readonly host: string;
  readonly port: number;
  readonly sentence: string;
  readonly askable: boolean;
  readonly command?: string;
}

/** Pure: the state with one refusal more. */
export function addRefusal(state: EgressState, fact: RefusalFact, nowMs: number): EgressState {
  const { host, port, sentence, askable, command } = fact;
  const counted = countRefused(state, host, port, nowMs);
  const known = state.refusals.find((one) => one.host === host);
  if (known === undefined && state.refusals.length >= maxRefusals) {
    return { ...counted, moreRefusals: state.moreRefusals + 1 };
  }
  const asked = command ?? known?.command;
  const after: EgressRefusal = {
    host,
    ports: withPort(known?.ports ?? [], port),
    count: (known?.count ?? 0) + 1,
    sentence,
    askable,
    firstMs: known?.firstMs ?? nowMs,
    lastMs: nowMs,
    ...(asked === undefined ? {} : { command: asked }),
  };
  return { ...counted, refusals: [...state.refusals.filter((one) => one !== known), after] };
}

function countRefused(state: EgressState, host: string, port: number, nowMs: number): EgressState {
  const known = state.hosts.find((one) => one.host === host);
  if (known === undefined && state.hosts.length >= maxHosts) return state;
  const before = known ?? newHost(host, nowMs);
  const ports = withPort(before.ports, port);
  const after = { ...before, ports, refused: before.refused + 1, lastMs: nowMs };
  return { ...state, hosts: [...state.hosts.filter((one) => one !== known), after] };
}

function newHost(host: string, nowMs: number): HostTraffic {
  const nothing = { connections: 0, refused: 0, bytesUp: 0, bytesDown: 0 };
  return { host, ports: [], ...nothing, firstMs: nowMs, lastMs: nowMs };
}

function withPort(ports: readonly number[], port: number): readonly number[] {
  if (ports.includes(port) || ports.length >= maxPorts) return ports;
  return [...ports, port].sort((left, right) => left - right);
}

/** Pure: busiest hosts first, as the file has them. */
export function sortHosts(state: EgressState): EgressState {
  const bytes = (one: HostTraffic) => one.bytesUp + one.bytesDown;
  const hosts = [...state.hosts].sort(
    (left, right) => bytes(right) - bytes(left) || left.firstMs - right.firstMs,
  );
  return { ...state, hosts };
}

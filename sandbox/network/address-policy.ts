import { BlockList, isIPv4, isIPv6 } from "node:net";

/** Inside somebody's own network: only for names which the host itself is set up to use. */
const privateRanges = [
  "10.0.0.0/8",
  "172.16.0.0/12",
  "192.168.0.0/16",
  "100.64.0.0/10",
  "fc00::/7",
];

/**
 * Never dialled. An explicit list: libraries' "is global" also refuses the documentation ranges,
 * which some networks do route.
 */
const forbiddenRanges = [
  "0.0.0.0/8",
  "127.0.0.0/8",
  "169.254.0.0/16",
  "192.0.0.0/24",
  "192.88.99.0/24",
  "198.18.0.0/15",
  "224.0.0.0/4",
  "240.0.0.0/4",
  // Two clouds' servers for their own machines, on addresses that look public or are in no range.
  "168.63.129.16/32",
  "100.100.100.200/32",
  "fd00:ec2::/32",
  "::/128",
  "::1/128",
  "64:ff9b:1::/48",
  "100::/64",
  "2001::/32",
  "fe80::/10",
  "fec0::/10",
  "ff00::/8",
];

const privateList = blockList(privateRanges);
const forbiddenList = blockList(forbiddenRanges);

/** Who may be dialled beyond the ordinary. */
export interface AddressRules {
  /** The host's own addresses: services bound to them often trust "local" callers. */
  readonly ownAddresses: readonly string[];
  /** Ranges which the administrator allows although the list refuses them. */
  readonly allowedRanges: readonly string[];
  /** The name is one that the host itself uses, so its address may be a private one. */
  readonly trustedName: boolean;
}

/** Why an address is not dialled, or undefined when it may be. Pure. */
export function addressProblem(address: string, rules: AddressRules): string | undefined {
  const inner = embeddedIPv4(address);
  if (inner !== undefined) return addressProblem(inner, rules);
  if (!isIPv4(address) && !isIPv6(address)) return "it is no address";
  if (contains(blockList(rules.allowedRanges), address)) return undefined;
  if (contains(forbiddenList, address)) return "this address is loopback, link-local or reserved";
  if (contains(blockList(rules.ownAddresses.map(wholeAddress)), address)) {
    return "this address is the host itself";
  }
  if (rules.trustedName) return undefined;
  return contains(privateList, address) ? "this address is in a private network" : undefined;
}

function wholeAddress(address: string): string {
  return `${address}/${isIPv4(address) ? 32 : 128}`;
}

function contains(list: BlockList, address: string): boolean {
  return list.check(address, isIPv4(address) ? "ipv4" : "ipv6");
}

function blockList(ranges: readonly string[]): BlockList {
  const list = new BlockList();
  for (const range of ranges) {
    const [address = "", prefix = ""] = range.split("/");
    list.addSubnet(address, Number(prefix), isIPv4(address) ? "ipv4" : "ipv6");
  }
  return list;
}

/** The IPv4 address that a mapped, compatible, NAT64 or 6to4 address leads to. */
function embeddedIPv4(address: string): string | undefined {
  if (!isIPv6(address)) return undefined;
  const words = ipv6Words(address);
  const first = words[0] ?? 0;
  if (first === 0x2002) return dotted(words[1] ?? 0, words[2] ?? 0);
  const tail = dotted(words[6] ?? 0, words[7] ?? 0);
  const zeros = words.slice(0, 5).every((word) => word === 0);
  if (zeros && words[5] === 0xffff) return tail;
  if (zeros && words[5] === 0 && (words[6] ?? 0) !== 0) return tail;
  const nat64 = first === 0x64 && words[1] === 0xff9b && words.slice(2, 6).every((w) => w === 0);
  return nat64 ? tail : undefined;
}

function dotted(high: number, low: number): string {
  return `${high >> 8}.${high & 255}.${low >> 8}.${low & 255}`;
}

function ipv6Words(address: string): number[] {
  const plain = address.replace(/%.*$/, "").replace(/(\d+)\.(\d+)\.(\d+)\.(\d+)$/, hexTail);
  const [head = "", tail] = plain.split("::");
  const words = (part: string): number[] =>
    part === "" ? [] : part.split(":").map((word) => Number.parseInt(word, 16));
  const front = words(head);
  if (tail === undefined) return front;
  const back = words(tail);
  return [...front, ...Array<number>(8 - front.length - back.length).fill(0), ...back];
}

function hexTail(_all: string, a: string, b: string, c: string, d: string): string {
  const word = (high: string, low: string) => ((Number(high) << 8) | Number(low)).toString(16);
  return `${word(a, b)}:${word(c, d)}`;
}

/** The sandbox's own address beside 127.0.0.1: given to no name. */
export const ownAddress = "198.18.0.1";

const firstAddress = (198 << 24) | (18 << 16) | 2;
/** 198.18.0.0/15 without its first two addresses and its last. */
const poolSize = 2 ** 17 - 3;

/** Names are remembered up to here; beyond it the one that was longest unused gives up its address. */
const maxNames = 16_384;

/**
 * Names and their addresses of 198.18.0.0/15, the range that is set aside for benchmarks and routed
 * to `lo` inside. The address says which name the program asked for, so that nothing has to be
 * forwarded to a name server.
 */
export class StandIns {
  readonly #addressOf = new Map<string, string>();
  readonly #nameOf = new Map<string, string>();
  readonly #pinned = new Set<string>();
  /** Begins anywhere, so that an address from before a restart means no other name now. */
  #next: number;

  constructor(firstIndex = Math.floor(Math.random() * poolSize)) {
    this.#next = firstIndex;
  }

  /** An address that the name keeps for ever, because something listens on it. */
  pin(name: string): string {
    this.#pinned.add(name);
    return this.addressFor(name);
  }

  /** The name's address, the same as long as the name is in use. */
  addressFor(name: string): string {
    const known = this.#addressOf.get(name);
    if (known !== undefined) {
      this.#addressOf.delete(name);
      this.#addressOf.set(name, known);
      return known;
    }
    if (this.#addressOf.size >= maxNames) this.#forgetOldest();
    const address = this.#freeAddress();
    this.#addressOf.set(name, address);
    this.#nameOf.set(address, name);
    return address;
  }

  nameOf(address: string): string | undefined {
    return this.#nameOf.get(address);
  }

  #freeAddress(): string {
    for (;;) {
      const address = dotted(firstAddress + this.#next);
      this.#next = (this.#next + 1) % poolSize;
      if (!this.#nameOf.has(address)) return address;
    }
  }

  #forgetOldest(): void {
    for (const [name, address] of this.#addressOf) {
      if (this.#pinned.has(name)) continue;
      this.#addressOf.delete(name);
      this.#nameOf.delete(address);
      return;
    }
  }
}

function dotted(value: number): string {
  return [24, 16, 8, 0].map((shift) => (value >>> shift) & 255).join(".");
}

const label = /^[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?$/;
/** A name that ends so is read as an IPv4 address by every resolver: `127.1`, `0x7f.1`, `a.0x1`. */
const numberLabel = /^([0-9]+|0x[0-9a-f]*)$/;

/** Lower case without the final dot, or undefined when it is no host name (or an address). */
export function hostName(text: string): string | undefined {
  const name = text.toLowerCase().replace(/\.$/, "");
  if (name.length === 0 || name.length > 253) return undefined;
  const labels = name.split(".");
  if (!labels.every((part) => label.test(part))) return undefined;
  return numberLabel.test(labels[labels.length - 1] ?? "") ? undefined : name;
}

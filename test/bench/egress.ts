import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { farAddress } from "../host/network-fixture.ts";
import { type Bench, type BenchRow, ending, figuresOf, roundsOf } from "./bench.ts";

const rounds = roundsOf(20);
const askedInRound = 40;
/** A client's first ones pay for its own start. */
const warmUps = 10;
const pulledBytes = 256 * 2 ** 20;
const httpPort = 80;
const tcpPort = 2222;
const insidePorts = [3000, 3001] as const;

/** Where a client stands: on the host, or in the network namespace. */
type Enter = readonly string[];

/**
 * A sandbox's way out and the previews' way in, ledger on, against the same client and server over
 * bare loopback. Client, server, relay and the keeper's half are a process each.
 */
export const bench: Bench = {
  name: "egress",
  async run(say) {
    await using stack = new AsyncDisposableStack();
    const network = stack.use(await start([main("egress-network-main")]));
    const { initPid, dialerPath } = network.first;
    const enter = ["nsenter", "-t", String(initPid), "-n", "-m"];
    await serve(stack, [], farAddress, [httpPort, tcpPort]);
    await serve(stack, enter, "127.0.0.1", insidePorts);
    const out = { host: "far.test", bare: farAddress, enter, ports: [httpPort, tcpPort] } as const;
    const previews = { host: String(dialerPath), bare: "127.0.0.1", enter: [], ports: insidePorts };
    return [
      ...(await measure("egress", out, [], say)),
      ...(await measure("preview", previews, enter, say)),
    ];
  },
};

interface Way {
  readonly host: string;
  /** The same server without us between. */
  readonly bare: string;
  readonly enter: Enter;
  readonly ports: readonly [number, number] | readonly number[];
}

async function measure(
  name: string,
  { host, bare, enter, ports }: Way,
  bareEnter: Enter,
  say: (line: string) => void,
): Promise<BenchRow[]> {
  const [page = 0, stream = 0] = ports;
  const added: number[] = [];
  const pulls = { ours: [] as number[], peer: [] as number[] };
  for (let round = -1; round < rounds; round += 1) {
    ending.signal.throwIfAborted();
    const ours = await client(enter, ["first-byte", host, page, askedInRound]);
    const peer = await client(bareEnter, ["first-byte", bare, page, askedInRound]);
    const [pulled = 0] = await client(enter, ["pull", host, stream, pulledBytes]);
    const [barePulled = 0] = await client(bareEnter, ["pull", bare, stream, pulledBytes]);
    if (round < 0) continue;
    added.push(figuresOf(ours.slice(warmUps)).median - figuresOf(peer.slice(warmUps)).median);
    pulls.ours.push(pulled);
    pulls.peer.push(barePulled);
    say(
      `${name}: +${added.at(-1)?.toFixed(2)} ms; ${Math.round(pulled)} against ${Math.round(barePulled)} ms`,
    );
  }
  const mebibytes = pulledBytes / 2 ** 20;
  const rate = (ms: number) => Math.round((mebibytes / ms) * 1_000);
  const [ours, peer] = [figuresOf(pulls.ours), figuresOf(pulls.peer)];
  return [
    {
      name: `${name}: added time to first byte`,
      unit: "ms",
      ours: figuresOf(added),
      mark: { atMost: 5, of: "median" },
    },
    {
      name: `${name}: ${mebibytes} MiB`,
      unit: "ms",
      ours,
      peer: { name: "bare loopback", ...peer },
      // 0.15 × the bare loopback's throughput.
      mark: { atMost: 6.7, of: "ratio" },
      remark: `${rate(ours.median)} MiB/s against ${rate(peer.median)} MiB/s, ${(peer.median / ours.median).toFixed(2)} × of it (wanted: 0.15 ×).`,
    },
  ];
}

function main(name: string): string {
  return join(import.meta.dirname, `${name}.ts`);
}

async function client(enter: Enter, words: readonly (string | number)[]): Promise<number[]> {
  const [program, ...rest] = [...enter, process.execPath, main("egress-peer-main")];
  const child = spawn(program, [...rest, ...words.map(String)], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  let text = "";
  child.stdout.on("data", (bytes) => (text += String(bytes)));
  const [code] = await once(child, "close");
  if (code !== 0) throw new Error(`${words.join(" ")}: exit code ${code}`);
  return JSON.parse(text) as number[];
}

async function serve(
  stack: AsyncDisposableStack,
  enter: Enter,
  host: string,
  ports: readonly number[],
): Promise<void> {
  const [program, ...rest] = [...enter, process.execPath];
  const argv = [...rest, main("egress-peer-main"), "serve", host, ...ports.map(String)];
  stack.use(await start(argv, program));
}

async function start(
  argv: readonly string[],
  program = process.execPath,
): Promise<AsyncDisposable & { readonly first: Record<string, unknown> }> {
  const child = spawn(program, argv, { stdio: ["pipe", "pipe", "inherit"] });
  const lines = createInterface({ input: child.stdout });
  const [line] = (await Promise.race([once(lines, "line"), failed(child)])) as [string];
  return {
    first: JSON.parse(line) as Record<string, unknown>,
    async [Symbol.asyncDispose]() {
      // The network takes its time to end in order; a server has nothing to end.
      child.stdin.end();
      const timer = setTimeout(() => child.kill("SIGKILL"), argv.includes("serve") ? 0 : 10_000);
      if (child.exitCode === null && child.signalCode === null) await once(child, "exit");
      clearTimeout(timer);
    },
  };
}

async function failed(child: ChildProcess): Promise<never> {
  const [code] = await once(child, "exit");
  throw new Error(`${child.spawnargs.join(" ")} ended with ${code}`);
}

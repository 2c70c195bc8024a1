import { execFile, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { readdirSync, readlinkSync } from "node:fs";
import { chmod, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { createServer, type RequestListener } from "node:http";
import { createServer as createTlsServer } from "node:https";
import { join } from "node:path";
import { promisify } from "node:util";
import type { HostSettings } from "../../sandbox/network/egress-policy.ts";
import type { LedgerEntry } from "../../sandbox/network/ledger.ts";
import { type Network, openNetwork } from "../../sandbox/network/network.ts";
import type { EgressLimits, EgressPolicy } from "../../sandbox/spec.ts";

/** Where the test's own "internet" is: an address of the host that nobody else uses. */
export const farAddress = "127.77.0.1";

export interface Far {
  readonly limits?: EgressLimits;
  readonly idleTimeoutMs?: number;
  readonly plainRelay?: true;
  readonly host?: Partial<HostSettings>;
  readonly policy: EgressPolicy;
  readonly names?: Readonly<Record<string, readonly string[]>>;
  readonly forwards?: readonly { readonly port: number; readonly socketPath: string }[];
}

/** What a command inside said. */
export interface Said {
  readonly code: number;
  readonly out: string;
}

export interface TestNetwork extends AsyncDisposable {
  readonly network: Network;
  readonly folder: string;
  readonly initPid: number;
  readonly relayUid: number;
  readonly lookups: string[];
  /** Runs a shell line in the network namespace. */
  inside(line: string): Promise<Said>;
  ledger(): Promise<LedgerEntry[]>;
}

const relayUid = 0x6fff_0001;

/** A network namespace without a sandbox in it, and our network in front of it. */
export async function openTestNetwork(far: Far): Promise<TestNetwork> {
  await using stack = new AsyncDisposableStack();
  const folder = await mkdtemp("/tmp/colony-net-");
  stack.defer(() => rm(folder, { recursive: true, force: true }));
  await chmod(folder, 0o711);
  await writeFile(join(folder, "resolv.conf"), "nameserver 127.0.0.1\n");
  const script = `mount --bind ${folder}/resolv.conf /etc/resolv.conf
sysctl -qw net.ipv4.ip_unprivileged_port_start=0; echo ready; exec sleep infinity`;
  const argv = ["-nm", "--fork", "--kill-child", "sh", "-c", script];
  const holder = spawn("unshare", argv, { stdio: ["ignore", "pipe", "inherit"] });
  stack.defer(async () => {
    holder.kill("SIGKILL");
    if (holder.exitCode === null && holder.signalCode === null) await once(holder, "exit");
  });
  await once(holder.stdout, "data");
  const initPid = Number(execFileSync("pgrep", ["-P", String(holder.pid)], { encoding: "utf8" }));
  const lookups: string[] = [];
  const { names = {}, forwards = [], host } = far;
  const codeRoot = process.env.COLONY_RUNTIME ?? join(import.meta.dirname, "../..");
  const network = stack.use(
    await openNetwork({
      task: "t-test",
      initPid,
      processes: openProcessesIn(initPid),
      uid: relayUid,
      gid: relayUid,
      dialerGid: 0,
      runFolder: folder,
      egress: far.policy,
      rules: [],
      limits: far.limits ?? {},
      ...(far.idleTimeoutMs === undefined ? {} : { idleTimeoutMs: far.idleTimeoutMs }),
      ...(far.plainRelay === undefined ? {} : { plainRelay: far.plainRelay }),
      host: { registries: [], noProxy: [], environment: {}, ...host },
      allowedRanges: [`${farAddress}/32`],
      forwards,
      ledgerPath: join(folder, "ledger.ndjson"),
      statePath: join(folder, "state.json"),
      insideFolder: join(folder, "told"),
      nodePath: join(codeRoot, "bin/node"),
      codeRoot,
      async resolve(name) {
        lookups.push(name);
        return names[name] ?? [farAddress];
      },
    }),
  );
  const owned = stack.move();
  return {
    network,
    folder,
    initPid,
    relayUid,
    lookups,
    inside: (line) => runInside(initPid, line),
    async ledger() {
      const text = await readFile(join(folder, "ledger.ndjson"), "utf8");
      return text
        .trim()
        .split("\n")
        .map((entry): LedgerEntry => JSON.parse(entry));
    },
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

/** All that shares the namespace stands for the sandbox's processes; each is looked at once. */
function openProcessesIn(initPid: number): () => readonly number[] {
  const namespace = readlinkSync(`/proc/${initPid}/ns/net`);
  let known = new Map<string, boolean>();
  const isInside = (name: string): boolean => {
    try {
      return readlinkSync(`/proc/${name}/ns/net`) === namespace;
    } catch {
      return false;
    }
  };
  return () => {
    const names = readdirSync("/proc").filter((name) => /^[0-9]+$/.test(name));
    known = new Map(names.map((name) => [name, known.get(name) ?? isInside(name)]));
    return names.filter((name) => known.get(name)).map(Number);
  };
}

async function runInside(initPid: number, line: string): Promise<Said> {
  const argv = ["-t", String(initPid), "-n", "-m", "timeout", "30", "bash", "-c", line];
  try {
    const options = { maxBuffer: 64 * 2 ** 20, cwd: "/" };
    const { stdout, stderr } = await promisify(execFile)("nsenter", argv, options);
    return { code: 0, out: stdout + stderr };
  } catch (error) {
    if (!(error instanceof Error && "code" in error && "stdout" in error && "stderr" in error)) {
      throw error;
    }
    return { code: Number(error.code), out: `${String(error.stdout)}${String(error.stderr)}` };
  }
}

/** A server of the test's internet, plain on 80 and with TLS on 443. */
export async function openFarServers(listener: RequestListener): Promise<AsyncDisposable> {
  const folder = await mkdtemp("/tmp/colony-far-");
  const key = join(folder, "key.pem");
  const certificate = join(folder, "cert.pem");
  const subject = ["-subj", "/CN=far.test", "-days", "2"];
  const out = ["-keyout", key, "-out", certificate];
  const kind = ["req", "-x509", "-newkey", "rsa:2048", "-nodes"];
  execFileSync("openssl", [...kind, ...out, ...subject], { stdio: "ignore" });
  const plain = createServer(listener);
  const secure = createTlsServer(
    { key: await readFile(key), cert: await readFile(certificate) },
    listener,
  );
  plain.listen(80, farAddress);
  secure.listen(443, farAddress);
  await Promise.all([once(plain, "listening"), once(secure, "listening")]);
  return {
    async [Symbol.asyncDispose]() {
      for (const server of [plain, secure]) {
        server.close();
        server.closeAllConnections();
      }
      await rm(folder, { recursive: true, force: true });
    },
  };
}

import { type ChildProcess, type ChildProcessByStdio, spawn } from "node:child_process";
import { extname, join } from "node:path";
import type { Readable, Writable } from "node:stream";
import { LineSplitter } from "../keeper/lines.ts";
import { parseRelayReport, type RelayReport } from "./egress-protocol.ts";
import { type RelayConfig, renderRelayConfig } from "./relay-config.ts";
import { holderProgram, relaySockets } from "./relay-sockets.ts";
import { ownAddress } from "./stand-in.ts";

/** Where and as whom the relay runs. */
export interface RelayPlace {
  readonly initPid: number;
  readonly uid: number;
  readonly gid: number;
  readonly nodePath: string;
  readonly codeRoot: string;
  readonly confinement?: readonly string[];
  /** Where it is; its sockets' paths are relative to it. */
  readonly folder: string;
}

/** The relay did not get as far as listening; the message holds its last words. */
export class RelayStartError extends Error {
  override readonly name = "RelayStartError";
}

const startTimeoutMs = 20_000;
/** The longest report names a host and says a sentence; who writes more is not our relay any more. */
const maxReportBytes = 64 * 1024;

/** Pure: the command that enters the network namespace, opens sockets and gives up every right. */
export function relayArgv(place: RelayPlace, config: RelayConfig): [string, ...string[]] {
  // The same suffix as this file: types are stripped when the program is packed.
  const script = join(place.codeRoot, `sandbox/network/relay-main${extname(import.meta.filename)}`);
  return [
    "nsenter",
    `--net=/proc/${place.initPid}/ns/net`,
    ...["/bin/sh", "-c", `${addressing}exec "$@"`, "sh"],
    ...["perl", "-e", holderProgram, relaySockets(config).join(" ")],
    ...[String(place.uid), String(place.gid), config.plain === true ? "1" : ""],
    "setpriv",
    `--reuid=${place.uid}`,
    `--regid=${place.gid}`,
    "--clear-groups",
    "--no-new-privs",
    "--inh-caps=-all",
    "--ambient-caps=-all",
    "--bounding-set=-all",
    ...(place.confinement ?? []),
    place.nodePath,
    "--max-old-space-size=96",
    "--max-semi-space-size=2",
    script,
    renderRelayConfig(config),
  ];
}

/**
 * Every address of the range is "here" inside: no interface but `lo` is needed. `lo` has one of
 * them for itself, since the C library looks up no IPv4 name (AI_ADDRCONFIG) where 127.0.0.1 is all.
 * All that needs root.
 */
const addressing = `ip -batch - <<'END' || exit 1
link set lo up
address replace ${ownAddress}/32 dev lo
route replace local 198.18.0.0/15 dev lo
END
`;

/** Starts the relay and waits until its sockets listen; Node may still be starting behind them. */
export async function startRelay(
  place: RelayPlace,
  config: RelayConfig,
  onReport: (report: RelayReport) => void,
): Promise<ChildProcess> {
  const [program, ...args] = relayArgv(place, config);
  const child = spawn(program, args, {
    cwd: place.folder,
    env: { PATH: "/usr/sbin:/usr/bin:/sbin:/bin" },
    stdio: ["pipe", "pipe", "pipe"],
  });
  let lastWords = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    lastWords = (lastWords + text).slice(-2_000);
  });
  child.stdin.on("error", () => {});
  try {
    await new Promise<void>((resolve, reject) => {
      const fail = (why: string) => reject(new RelayStartError(`starting the relay: ${why}`));
      const timer = setTimeout(() => fail("no answer in time"), startTimeoutMs);
      child.once("error", (error) => fail(error.message));
      child.once("exit", (code) => {
        clearTimeout(timer);
        fail(lastWords.trim() || `it ended with exit code ${code}`);
      });
      onLines(child, (line) => {
        const report = parseRelayReport(line);
        if (report === undefined) return;
        if (report.report !== "listening") return onReport(report);
        clearTimeout(timer);
        resolve();
      });
    });
  } catch (error) {
    child.kill("SIGKILL");
    throw error;
  }
  return child;
}

/** Hostile bytes may have taken the relay over: a line without end would be our memory. */
function onLines(
  child: ChildProcessByStdio<Writable, Readable, Readable>,
  onLine: (line: string) => void,
): void {
  const splitter = new LineSplitter(maxReportBytes);
  child.stdout.on("data", (chunk: Buffer) => {
    try {
      for (const line of splitter.push(chunk)) onLine(line);
    } catch {
      child.kill("SIGKILL");
    }
  });
}

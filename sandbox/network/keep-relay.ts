import type { ChildProcess } from "node:child_process";
import { chmodSync, chownSync, mkdirSync, renameSync, rmSync } from "node:fs";
import { join } from "node:path";
import { parseEgressEntry } from "./egress-entry.ts";
import type { RelayReport } from "./egress-protocol.ts";
import type { NetworkOptions } from "./network.ts";
import type { OtherPort, RelayConfig } from "./relay-config.ts";
import { type RelayPlace, startRelay } from "./relay-process.ts";

const restartDelayMs = 200;
/** A relay that dies more often than this has a defect that starting again does not mend. */
const maxRestarts = 20;
const restartsForgottenMs = 10 * 60_000;

/** Where previews find their way in. */
export function dialerPath(options: Pick<NetworkOptions, "runFolder">): string {
  return join(options.runFolder, "dialer.sock");
}

/** Runs the relay, and starts it again should hostile bytes ever end it. */
export async function keepRelay(
  options: NetworkOptions & { readonly idleTimeoutMs: number },
  onReport: (report: RelayReport) => void,
): Promise<AsyncDisposable> {
  const folder = join(options.runFolder, "relay");
  const place: RelayPlace = { ...options, folder };
  const config: RelayConfig = {
    egressPath: "../egress.sock",
    dialerPath: "../dialer.next",
    forwards: options.forwards.map((forward) => forward.port),
    otherPorts: otherPorts(options),
    idleTimeoutMs: options.idleTimeoutMs,
    ...(options.plainRelay === true ? { plain: true } : {}),
  };
  let closing = false;
  let restarts: number[] = [];
  let child: ChildProcess | undefined;
  async function start(): Promise<void> {
    // Nothing here is the relay's: whoever takes it over has no name to swap below our feet.
    mkdirSync(folder, { recursive: true, mode: 0o711 });
    const next = join(folder, config.dialerPath);
    rmSync(next, { force: true });
    const started = await startRelay(place, config, onReport);
    chownSync(next, 0, options.dialerGid);
    chmodSync(next, 0o660);
    renameSync(next, dialerPath(options));
    child = started;
    if (started.exitCode !== null || started.signalCode !== null) onExit();
    else started.once("exit", onExit);
  }
  function onExit(): void {
    const nowMs = Date.now();
    restarts = restarts.filter((atMs) => nowMs - atMs < restartsForgottenMs);
    if (closing || restarts.length >= maxRestarts) return;
    restarts.push(nowMs);
    setTimeout(() => closing || start().catch(onExit), restartDelayMs).unref();
  }
  await start();
  return {
    async [Symbol.asyncDispose]() {
      closing = true;
      const last = child;
      if (last === undefined || last.exitCode !== null || last.signalCode !== null) return;
      await new Promise<void>((resolve) => {
        last.once("exit", () => resolve());
        last.kill("SIGKILL");
      });
    },
  };
}

/** Registries on ports of their own, and names that are listed with a port. */
function otherPorts({ host, egress }: NetworkOptions): OtherPort[] {
  const registries = host.registries.filter(
    ({ scheme, port }) => port !== (scheme === "http" ? 80 : 443),
  );
  const listed =
    egress.kind === "names" ? egress.names : egress.kind === "none" ? [] : egress.alsoNames;
  const entries = (listed ?? []).flatMap((text): OtherPort[] => {
    const entry = parseEgressEntry(text);
    if ("problem" in entry || entry.wildcard || entry.port === undefined) return [];
    return entry.port === 80 || entry.port === 443
      ? []
      : [{ name: entry.name, port: entry.port, scheme: "tcp" }];
  });
  return [...registries.map(({ name, port, scheme }) => ({ name, port, scheme })), ...entries];
}

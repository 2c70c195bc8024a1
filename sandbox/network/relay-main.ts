/**
 * The relay: an unprivileged process in the sandbox's network namespace, but not in the sandbox.
 * Everything inside that leads out ends here; everything outside that leads in starts here.
 */
import { openClients } from "./relay-clients.ts";
import { parseRelayConfig } from "./relay-config.ts";
import type { RelayContext } from "./relay-context.ts";
import { startDialer } from "./relay-dialer.ts";
import { startDns } from "./relay-dns.ts";
import { startForward } from "./relay-forwards.ts";
import { fallbackSockets, fdsVariable, inheritedSockets, standInsSocket } from "./relay-sockets.ts";
import { StandIns } from "./stand-in.ts";

const config = parseRelayConfig(process.argv[2] ?? "");
const standIns = new StandIns();
const context: RelayContext = {
  egressPath: config.egressPath,
  standIns,
  idleTimeoutMs: config.idleTimeoutMs,
  report: (report) => process.stdout.write(`${JSON.stringify(report)}\n`),
};

// The keeper holds the other end; without it nothing here has a purpose.
process.stdin.on("end", () => process.exit(0)).resume();
process.stdout.on("error", () => process.exit(0));

const fdOf = inheritedSockets(process.env[fdsVariable] ?? "");
const needed = (name: string): number => {
  const fd = fdOf(name);
  if (fd === undefined) throw new Error(`no socket for ${name} was given`);
  return fd;
};
await startDns(context, { udp: needed("udp,127.0.0.1,53"), tcp: needed("tcp,127.0.0.1,53") });
const clients = openClients(context, config.otherPorts);
const all = fdOf(standInsSocket);
if (all !== undefined) await clients.listen({ fd: all });
else {
  for (const name of fallbackSockets) await clients.listen({ fd: needed(name) });
  for (const { name, port } of config.otherPorts) {
    await clients.listen({ port, host: standIns.pin(name) });
  }
}
for (const port of config.forwards) {
  await startForward(context, port, needed(`tcp,127.0.0.1,${port}`));
}
const ownPorts = [53, ...config.forwards, ...(all === undefined ? [80, 443] : [])];
await startDialer(needed(`unix,${config.dialerPath}`), new Set(ownPorts), (open) =>
  context.report({ report: "dialled", open }),
);
context.report({ report: "ready" });

/**
 * The relay: an unprivileged process in the sandbox's network namespace, but not in the sandbox.
 * Everything inside that leads out ends here; everything outside that leads in starts here.
 */
import { parseRelayConfig } from "./relay-config.ts";
import type { RelayContext } from "./relay-context.ts";
import { startDialer } from "./relay-dialer.ts";
import { startDns } from "./relay-dns.ts";
import { startForward } from "./relay-forwards.ts";
import { startHttp } from "./relay-http.ts";
import { fdsVariable, inheritedSockets } from "./relay-sockets.ts";
import { startTls } from "./relay-tls.ts";
import { StandIns } from "./stand-in.ts";

const config = parseRelayConfig(process.argv[2] ?? "");
const standIns = new StandIns();
const context: RelayContext = {
  egressPath: config.egressPath,
  standIns,
  report: (report) => process.stdout.write(`${JSON.stringify(report)}\n`),
};

// The keeper holds the other end; without it nothing here has a purpose.
process.stdin.on("end", () => process.exit(0)).resume();
process.stdout.on("error", () => process.exit(0));

const fdOf = inheritedSockets(config, process.env[fdsVariable] ?? "");
await startDns(context, { udp: fdOf("udp,127.0.0.1,53"), tcp: fdOf("tcp,127.0.0.1,53") });
await startHttp(context, { port: 80, fd: fdOf("tcp,0.0.0.0,80") });
await startTls(context, { port: 443, fd: fdOf("tcp,0.0.0.0,443") });
for (const { name, port, scheme } of config.otherPorts) {
  const start = scheme === "http" ? startHttp : startTls;
  await start(context, { port, address: standIns.pin(name) });
}
for (const port of config.forwards) {
  await startForward(context, port, fdOf(`tcp,127.0.0.1,${port}`));
}
const dialer = fdOf(`unix,${config.dialerPath}`);
await startDialer(dialer, new Set([53, 80, 443, ...config.forwards]));
context.report({ report: "ready" });

import { openTestNetwork } from "../host/network-fixture.ts";

/*
 * A keeper's half of a network in a process of its own, with the relay inside: as in a sandbox, but
 * that the names are the bench's. Ends with its input.
 */
await using network = await openTestNetwork({
  policy: { kind: "names", names: ["far.test", "far.test:2222"] },
});
process.stdout.write(
  `${JSON.stringify({ initPid: network.initPid, dialerPath: network.network.dialerPath })}\n`,
);
await new Promise((resolve) => process.stdin.on("end", resolve).resume());

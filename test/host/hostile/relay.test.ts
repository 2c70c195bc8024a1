import { execFileSync, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { readlinkSync } from "node:fs";
import { expect, test, vi } from "vitest";
import { openTestNetwork, type TestNetwork } from "../network-fixture.ts";

// What a relay could do that hostile bytes have taken over.

test("a relay owns no name on the host's disk: there is nothing that it could swap for a link", async () => {
  await using net = await openTestNetwork({ policy: { kind: "none" } });
  const owned = ["-uid", String(net.relayUid), "-print"];
  expect(execFileSync("find", [net.folder, ...owned], { encoding: "utf8" })).toBe("");
});

test("a relay that writes a line without end is ended and replaced", async () => {
  await using net = await openTestNetwork({ policy: { kind: "none" } });
  const before = relayPid(net);
  // Into its standard output, as it would itself.
  const script = `my $pid = syscall(434, 0 + $ARGV[0], 0); my $fd = syscall(438, $pid, 1, 0);
    open(my $out, ">&=", $fd) or die $!; print $out "x" x 1_000_000; close $out`;
  const writer = spawn("perl", ["-e", script, String(before)], { stdio: "ignore" });
  await once(writer, "exit");
  await vi.waitFor(() => expect(relayPid(net)).not.toBe(before), {
    timeout: 20_000,
    interval: 100,
  });
  await vi.waitFor(
    async () => expect((await net.inside("getent ahostsv4 back.test")).code).toBe(0),
    { timeout: 20_000, interval: 200 },
  );
});

/** By its network: other tests have relays of the same user. */
function relayPid({ relayUid, initPid }: TestNetwork): number | undefined {
  const network = readlinkSync(`/proc/${initPid}/ns/net`);
  const { stdout } = spawnSync("pgrep", ["-U", String(relayUid)], { encoding: "utf8" });
  return stdout
    .split("\n")
    .filter(Boolean)
    .map(Number)
    .find((pid) => {
      try {
        return readlinkSync(`/proc/${pid}/ns/net`) === network;
      } catch {
        return false;
      }
    });
}

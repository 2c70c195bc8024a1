import { execFileSync, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, readFileSync, readlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test, vi } from "vitest";
import { sandboxPaths } from "../../../sandbox/keeper-paths.ts";
import { seeingOnly } from "../../../sandbox/sandbox.ts";
import { openTestNetwork, type TestNetwork } from "../network-fixture.ts";
import { makeSandboxHome, openForTest, smallSpec } from "../sandbox-fixture.ts";

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

test("where the kernel has Landlock a relay opens nothing but programs and our code", async ({
  skip,
}) => {
  await using folder = makeSandboxHome();
  const [program] = await seeingOnly(folder, []);
  if (program === undefined) return skip("this kernel, or setpriv, has no Landlock");
  // In Node's place a program that tells, as a relay tells what it was asked for, what it may open.
  const code = join(folder.home, "code");
  mkdirSync(join(code, "bin"), { recursive: true, mode: 0o755 });
  const says = (path: string, index: number) =>
    `sum=$(cksum < ${path}) && it=open || it=closed; echo '{"report":"dns","type":"A","name":"'$it-${index}.test'"}'`;
  const lines = ["/etc/passwd", "/proc/1/cmdline", join(code, "bin", "node")].map(says);
  const script = ["#!/bin/sh", "exec 2>&-", ...lines, "exec sleep 600"].join("\n");
  writeFileSync(join(code, "bin", "node"), `${script}\n`, { mode: 0o755 });
  const options = { withNetwork: true, codeRoot: code };
  await using sandbox = await openForTest(folder, smallSpec("seeing"), options);
  const { ledger } = sandboxPaths(folder, sandbox.id);
  await vi.waitFor(() => {
    const entries = readFileSync(ledger, "utf8").trim().split("\n");
    const hosts = entries.map((line) => JSON.parse(line).host);
    expect(hosts).toEqual(["closed-0.test", "closed-1.test", "open-2.test"]);
  });
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

import { execFileSync } from "node:child_process";
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { createServer } from "node:net";
import { join } from "node:path";
import { expect, test, vi } from "vitest";
import type { EgressState } from "../../../sandbox/network/egress-state.ts";
import {
  farAddress,
  openFarServers,
  openTestNetwork,
  type TestNetwork,
} from "../network-fixture.ts";

/** What a sandbox may take, and what becomes of peers that stand still or die. */
const megabyte = Buffer.alloc(2 ** 20, "abcdefgh");
const policy = { kind: "names", names: ["far.test", "far.test:2222"] } as const;

async function openFar(): Promise<AsyncDisposable> {
  return openFarServers(async (request, response) => {
    if (request.url === "/mega") {
      for (let count = 0; count < 8; count += 1) response.write(megabyte);
      return void response.end();
    }
    if (request.url === "/hang") return void response.write("begun\n");
    for await (const _ of request);
    response.end("ok\n");
  });
}

const stateOf = async (net: TestNetwork): Promise<EgressState> =>
  JSON.parse(await readFile(join(net.folder, "state.json"), "utf8"));

test("bytes beyond the limit are cut, and nothing more is let out afterwards", async () => {
  await using _far = await openFar();
  await using net = await openTestNetwork({ policy, limits: { bytes: 3 * 2 ** 20 } });
  expect((await net.inside("curl -s http://far.test/")).out).toBe("ok\n");
  const said = await net.inside("curl -sk https://far.test/mega | wc -c");
  expect(Number(said.out)).toBeLessThan(4 * 2 ** 20);
  const after = await net.inside("curl -s http://far.test/");
  expect(after.out).toContain("moved as many bytes as its limit allows (3 MB)");
  const entries = await net.ledger();
  expect(entries.filter((one) => one.rule === "limit").length).toBeGreaterThan(0);
  expect(entries.some((one) => one.reason?.includes("moved as many bytes"))).toBe(true);
  await vi.waitFor(async () => expect((await stateOf(net)).limit).toMatch(/moved as many bytes/));
});

test("connections beyond the limit are refused with its sentence; when one ends another fits", async () => {
  await using _far = await openFar();
  await using net = await openTestNetwork({ policy, limits: { connections: 2 } });
  const hanging = [1, 2].map(() => net.inside("curl -sN --max-time 4 http://far.test/hang"));
  await vi.waitFor(async () => expect((await stateOf(net)).hosts[0]?.connections).toBe(2), {
    timeout: 3_000,
  });
  expect((await net.inside("curl -s http://far.test/")).out).toContain("2 connections open");
  await Promise.all(hanging);
  await vi.waitFor(async () =>
    expect((await net.inside("curl -s http://far.test/")).out).toBe("ok\n"),
  );
});

test("a rate holds, and every byte comes", async () => {
  await using _far = await openFar();
  await using net = await openTestNetwork({ policy, limits: { bytesPerSecond: 4 * 2 ** 20 } });
  const before = performance.now();
  const said = await net.inside("curl -sk https://far.test/mega | wc -c");
  expect(Number(said.out)).toBe(8 * 2 ** 20);
  // Never faster than the rate, however slow the machine is.
  expect(performance.now() - before).toBeGreaterThan(1_500);
});

test("a peer that takes no byte is cut, and so is one that sends none", async () => {
  await using _far = await openFar();
  let isCut = false;
  const server = createServer((socket) => {
    socket.on("error", () => {}).on("close", () => (isCut = true));
    // More than every buffer between here and there holds.
    for (let count = 0; count < 64; count += 1) socket.write(megabyte);
  });
  server.listen(2222, farAddress);
  await once(server, "listening");
  await using net = await openTestNetwork({ policy, idleTimeoutMs: 1_000 });
  const stuck = net.inside("exec 3<>/dev/tcp/far.test/2222; sleep 20 3<&3 & wait");
  await vi.waitFor(() => expect(isCut).toBe(true), { timeout: 15_000, interval: 100 });
  const silent = await net.inside("curl -sSN --max-time 20 http://far.test/hang");
  expect(silent.code).not.toBe(28);
  await net.inside("pkill -x sleep -n || true").catch(() => undefined);
  server.close();
  void stuck.catch(() => undefined);
});

test("a relay killed with -9 loses no entry and breaks only what is in flight", async () => {
  await using _far = await openFar();
  await using net = await openTestNetwork({ policy });
  for (let count = 0; count < 20; count += 1) {
    const said = await net.inside(`curl -s http://far.test/n${count} http://no${count}.test/`);
    expect(said.out).toContain("ok\n");
  }
  const page = join(net.folder, "page");
  const inFlight = net.inside(`curl -sSN --max-time 25 -o ${page} http://far.test/hang`);
  await vi.waitFor(async () => expect(await readFile(page, "utf8")).toBe("begun\n"));
  execFileSync("pkill", ["-9", "-U", String(net.relayUid)]);
  const broken = await inFlight;
  expect(broken.code).not.toBe(0);
  expect(broken.code).not.toBe(28);
  await vi.waitFor(
    async () => expect((await net.inside("curl -s http://far.test/")).out).toBe("ok\n"),
    { timeout: 20_000, interval: 200 },
  );
  const entries = await net.ledger();
  // Every refusal that was answered, and every connection: the ones that ended, and the broken one.
  for (let count = 0; count < 20; count += 1) {
    const refused = { host: `no${count}.test`, kind: "connection", decision: "refused" };
    expect(entries).toContainEqual(expect.objectContaining(refused));
  }
  const let_ = entries.filter((one) => one.kind === "connection" && one.decision === "allowed");
  expect(let_.length).toBeGreaterThanOrEqual(21);
});

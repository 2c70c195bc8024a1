import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, readFileSync } from "node:fs";
import { connect, createServer, type Socket } from "node:net";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { openTestNetwork, type TestNetwork } from "./network-fixture.ts";

const gatewayPort = 4010;
const stack = new AsyncDisposableStack();
let net: TestNetwork;

beforeAll(async () => {
  const socketPath = `/tmp/colony-forward-${process.pid}.sock`;
  const echo = createServer({ allowHalfOpen: true }, (client) => {
    client.on("error", () => client.destroy()).pipe(client);
  });
  echo.listen(socketPath);
  await once(echo, "listening");
  stack.defer(() => void echo.close());
  const forwards = [{ port: gatewayPort, socketPath }];
  net = stack.use(await openTestNetwork({ policy: { kind: "none" }, forwards }));
});
afterAll(() => stack.disposeAsync());

function dial(words: string): Socket {
  const socket = connect({ path: net.network.dialerPath, allowHalfOpen: true });
  socket.on("error", () => {});
  socket.write(words);
  return socket;
}

/** Resolves also after a reset, which is as good as any other end here. */
function closed(socket: Socket): Promise<void> {
  return new Promise((resolve) => socket.once("close", () => resolve()));
}

/** An echo server inside; resolves when it listens. */
async function listenInside(host: string, port: number): Promise<Disposable> {
  const program = `require("net").createServer({allowHalfOpen: true}, (c) => c.pipe(c)).listen(${port}, "${host}")`;
  const argv = ["-t", String(net.initPid), "-n", process.execPath, "-e", program];
  const child = spawn("nsenter", argv, { stdio: "ignore" });
  await vi.waitFor(async () => expect(await net.network.listeningPorts()).toContain(port), {
    timeout: 20_000,
    interval: 50,
  });
  return { [Symbol.dispose]: () => void child.kill("SIGKILL") };
}

test("a forward joins a port inside to a socket of the host, with half-closed ends", async () => {
  const said = await net.inside(
    `exec 3<>/dev/tcp/127.0.0.1/${gatewayPort}; echo hello >&3; head -1 <&3`,
  );
  expect(said).toEqual({ code: 0, out: "hello\n" });
});

test("the dialer reaches servers on 127.0.0.1 and on ::1, and loses no early byte", async () => {
  for (const [host, port] of [
    ["127.0.0.1", 3000],
    ["::1", 3001],
  ] as const) {
    using _server = await listenInside(host, port);
    const socket = dial(`${port}\nearly bytes`);
    socket.end(" and late ones");
    expect(await text(socket)).toBe("OK\nearly bytes and late ones");
  }
});

test("the dialer carries megabytes unchanged", async () => {
  using _server = await listenInside("127.0.0.1", 3002);
  const sent = Buffer.alloc(8 * 2 ** 20, "abcdefghi");
  const socket = dial("3002\n");
  socket.end(sent);
  const got = Buffer.concat(await Array.fromAsync(socket));
  expect(got.subarray(3).equals(sent)).toBe(true);
});

test.each([
  ["9", "ERR nothing listens on this port\n"],
  ["0", "ERR not a port\n"],
  ["70000", "ERR not a port\n"],
  ["22; rm", "ERR not a port\n"],
  [String(gatewayPort), "ERR this port belongs to the sandbox itself\n"],
  ["53", "ERR this port belongs to the sandbox itself\n"],
])("the dialer refuses %s", async (words, answer) => {
  expect(await text(dial(`${words}\n`))).toBe(answer);
});

test("a dialer client that never ends its line is dropped", async () => {
  expect(await text(dial("1".repeat(1_000)))).toBe("");
});

test("ports are told as they come and go, without the relay's own", async () => {
  const seen: (readonly number[])[] = [];
  const stop = net.network.watchPorts((ports) => seen.push(ports));
  {
    using _server = await listenInside("0.0.0.0", 3003);
    await vi.waitFor(() => expect(seen.at(-1)).toEqual([3003]), { timeout: 10_000 });
  }
  await vi.waitFor(() => expect(seen.at(-1)).toEqual([]), { timeout: 10_000 });
  stop();
});

function relayPid(): number {
  const found = execFileSync("pgrep", ["-U", String(net.relayUid)], { encoding: "utf8" });
  return Number(found.trim().split("\n")[0]);
}

test("the relay has no rights", () => {
  const status = readFileSync(`/proc/${relayPid()}/status`, "utf8");
  const field = (name: string) =>
    new RegExp(`^${name}:[ \\t]*(.*)$`, "m").exec(status)?.[1]?.trim();
  for (const set of ["CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"]) {
    expect(field(set)).toBe("0000000000000000");
  }
  expect(field("NoNewPrivs")).toBe("1");
  expect(field("Groups")).toBe("");
});

test("noise on every port ends nothing", async () => {
  const noise = "head -c 300000 /dev/urandom";
  const lines = [80, 443, gatewayPort].map(
    (port) => `(${noise} | timeout 3 bash -c 'cat > /dev/tcp/127.0.0.1/${port}') 2>/dev/null`,
  );
  lines.push(`(${noise} | timeout 3 bash -c 'cat > /dev/tcp/127.0.0.1/53') 2>/dev/null`);
  lines.push(`for i in $(seq 50); do head -c 200 /dev/urandom > /dev/udp/127.0.0.1/53; done`);
  const before = relayPid();
  await net.inside(lines.join("\n"));
  expect(relayPid()).toBe(before);
  const said = await net.inside("getent ahostsv4 after.test");
  expect(said.out).toMatch(/^198\.1[89]\./);
});

test("garbage and endless lines on the host's side are dropped", async () => {
  for (const words of ["nonsense\n", '{"want":"name"}\n', '{"want":"forward","port":22}\n']) {
    const socket = connect(join(net.folder, "egress.sock"));
    let answer = "";
    socket.setEncoding("utf8").on("data", (chunk) => {
      answer += chunk;
    });
    socket.on("error", () => {}).end(words);
    await closed(socket);
    expect(answer).not.toContain('"ok":true');
  }
  const endless = connect(join(net.folder, "egress.sock"));
  endless.on("error", () => {});
  endless.write("x".repeat(100_000));
  await closed(endless);
});

test("a killed relay comes back", async () => {
  const before = relayPid();
  process.kill(before, "SIGKILL");
  await vi.waitFor(
    async () => expect((await net.inside("getent ahostsv4 back.test")).code).toBe(0),
    { timeout: 20_000, interval: 200 },
  );
  expect(relayPid()).not.toBe(before);
  using _server = await listenInside("127.0.0.1", 3004);
  const socket = dial("3004\n");
  socket.end("again");
  expect(await text(socket)).toBe("OK\nagain");
});

test("closing leaves neither relay nor listening egress", async () => {
  const other = await openTestNetwork({ policy: { kind: "none" } });
  const argv = ["-fU", String(other.relayUid), other.folder];
  await other[Symbol.asyncDispose]();
  expect(existsSync(other.folder)).toBe(false);
  expect(() => execFileSync("pgrep", argv)).toThrow();
});

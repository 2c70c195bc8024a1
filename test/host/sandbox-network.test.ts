import { connect } from "node:net";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { Sandbox } from "../../sandbox/sandbox.ts";
import { makeSandboxHome, openForTest, shell, smallSpec } from "./sandbox-fixture.ts";

const folder = makeSandboxHome();
let first: Sandbox;
let second: Sandbox;

beforeAll(async () => {
  const limits = { ...smallSpec("any").limits, diskBytes: 2 * 1024 ** 3, memoryBytes: 1024 ** 3 };
  const egress = { kind: "packages", alsoNames: [] } as const;
  first = await openForTest(folder, smallSpec("net-a", { egress, limits }), {});
  second = await openForTest(folder, smallSpec("net-b", { egress, limits }), {});
});
afterAll(async () => {
  await first[Symbol.asyncDispose]();
  await second[Symbol.asyncDispose]();
  await folder[Symbol.asyncDispose]();
});

test("apt-get and npm work unmodified, and change nothing outside", async () => {
  const apt =
    "apt-get update -qq && apt-get install -y -qq --no-install-recommends hello > /dev/null 2>&1; hello";
  expect((await shell(first, apt, 110_000)).text).toContain("Hello, world!");
  expect((await shell(second, "hello")).code).toBe(127);
  const npm = "cd /tmp && npm install --silent left-pad && ls node_modules";
  expect((await shell(first, npm, 110_000)).text).toContain("left-pad");
});

test("a name that is not on the list is refused at once", async () => {
  const { code } = await shell(first, "curl -sS --max-time 5 https://example.com");
  expect(code).not.toBe(0);
});

test("port 3000 of two sandboxes at once, each by its own dialer, told as they open", async () => {
  const seen: (readonly number[])[] = [];
  const stop = second.watchPorts((ports) => seen.push(ports));
  for (const sandbox of [first, second]) {
    const script = `require("node:net").createServer((s) => s.end(${JSON.stringify(sandbox.id)})).listen(3000, "127.0.0.1")`;
    await sandbox.start({ name: "server", argv: ["node", "-e", script], env: {}, cwd: "/" });
    await expect.poll(() => sandbox.listeningPorts(), { timeout: 10_000 }).toContain(3000);
  }
  await expect.poll(() => seen.flat(), { timeout: 10_000 }).toContain(3000);
  stop();
  expect(await dial(first.dialerPath, 3000)).toBe("OK\nnet-a");
  expect(await dial(second.dialerPath, 3000)).toBe("OK\nnet-b");
  expect(await dial(second.dialerPath, 3001)).toMatch(/^ERR /);
});

test("a closed sandbox leaves no relay and no socket", async () => {
  const receipt = await second.close();
  expect(receipt).toMatchObject({ processes: 0, mounts: 0, cgroups: 0 });
  await expect(dial(second.dialerPath, 3000)).rejects.toMatchObject({ code: "ENOENT" });
});

function dial(path: string, port: number): Promise<string> {
  return new Promise((resolve, reject) => {
    let text = "";
    const socket = connect(path, () => socket.write(`${port}\n`));
    socket.on("data", (bytes) => {
      text += String(bytes);
    });
    socket.on("error", reject);
    socket.on("end", () => resolve(text));
  });
}

import { readFileSync } from "node:fs";
import { request } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, expect, test } from "vitest";
import { isSandboxAsleep } from "../../../sandbox/asleep.ts";
import { adoptSandbox, type Sandbox } from "../../../sandbox/sandbox.ts";
import { dialInside } from "../../../worker/preview/dial.ts";
import { DialerAgent } from "../../../worker/preview/dialer-agent.ts";
import { makeSandboxHome, openForTest, shell, smallSpec } from "../sandbox-fixture.ts";

const folder = makeSandboxHome();
afterAll(() => folder[Symbol.asyncDispose]());

const asleep = (sandbox: Sandbox) => isSandboxAsleep(folder, sandbox.id);

async function startLoop(sandbox: Sandbox) {
  const argv = ["sh", "-c", "while :; do echo x; sleep 0.01; done"];
  const loop = await sandbox.start({ name: "loop", argv, env: {}, cwd: "/" });
  const size = () => readFileSync(loop.spoolPath).length;
  await expect.poll(size).toBeGreaterThan(0);
  return { loop, size };
}

test("asleep nothing moves; looking at it does not wake it, wanting something does", async () => {
  await using sandbox = await openForTest(folder, smallSpec("sleeper"));
  const { loop, size } = await startLoop(sandbox);
  await sandbox.sleep();
  expect(asleep(sandbox)).toBe(true);
  const before = size();
  await sleep(200);
  expect(size()).toBe(before);

  await using other = await adoptSandbox(folder, "sleeper");
  await other?.listeningPorts();
  await other?.process("loop");
  // A snapshot freezes it and lets go: it goes on sleeping.
  await other?.whileFrozen(async () => undefined);
  expect(asleep(sandbox)).toBe(true);
  expect(size()).toBe(before);

  await loop.write("\n");
  expect(asleep(sandbox)).toBe(false);
  await expect.poll(size).toBeGreaterThan(before);
  await sandbox.sleep();
  expect((await shell(sandbox, "echo awake")).text).toBe("awake");
  await sandbox.sleep();
  const argv = ["true"];
  const second = await sandbox.start({ name: "second", argv, env: {}, cwd: "/" });
  expect((await second.exited()).exitCode).toBe(0);
  await sandbox.sleep();
  expect(await sandbox.close()).toMatchObject({ processes: 0, mounts: 0, cgroups: 0 });
});

test("a page that is opened wakes it, and while somebody is connected it does not sleep", async () => {
  const egress = { kind: "packages", alsoNames: [] } as const;
  await using sandbox = await openForTest(folder, smallSpec("page", { egress }), {});
  const argv = ["python3", "-m", "http.server", "3000"];
  await sandbox.start({ name: "server", argv, env: {}, cwd: "/etc" });
  await expect.poll(() => sandbox.listeningPorts(), { timeout: 30_000 }).toContain(3000);
  await sandbox.sleep();
  expect(asleep(sandbox)).toBe(true);
  expect(await get(sandbox.dialerPath, 3000, "/hostname")).toContain("page");
  expect(asleep(sandbox)).toBe(false);

  const visitor = await dialInside(sandbox.dialerPath, 3000);
  await expect(sandbox.sleep()).rejects.toThrow("connected");
  expect(asleep(sandbox)).toBe(false);
  visitor.destroy();
  await expect
    .poll(
      () =>
        sandbox.sleep().then(
          () => asleep(sandbox),
          () => false,
        ),
      { timeout: 30_000 },
    )
    .toBe(true);
});

function get(dialerPath: string, port: number, path: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const agent = new DialerAgent(dialerPath, port);
    const outgoing = request({ agent, path, host: "localhost" }, async (reply) => {
      resolve(Buffer.concat(await Array.fromAsync(reply)).toString());
    });
    outgoing.on("error", reject).end();
  });
}

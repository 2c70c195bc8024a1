import { readFile } from "node:fs/promises";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import {
  adoptSandbox,
  egressFiles,
  readEgressState,
  type Sandbox,
} from "../../../sandbox/sandbox.ts";
import { openTestInternet, type TestInternet } from "../inside/test-internet.ts";
import { makeSandboxHome, openForTest, shell, smallSpec } from "../sandbox-fixture.ts";

/** Whole sandboxes, with a part of the internet behind this host's proxy. */
const stack = new AsyncDisposableStack();
const folder = stack.use(makeSandboxHome());
let internet: TestInternet;
let first: Sandbox;
let second: Sandbox;

async function open(id: string): Promise<Sandbox> {
  const limits = { ...smallSpec(id).limits, openFiles: 8_192, pids: 256 };
  const spec = smallSpec(id, { egress: { kind: "names", names: ["far.test"] }, limits });
  const settingsOwner = { env: { https_proxy: internet.proxy }, home: "/nonexistent" };
  return stack.use(await openForTest(folder, spec, { settingsOwner }));
}

beforeAll(async () => {
  const page = (text: string) => (_: unknown, response: { end(text: string): void }) =>
    response.end(text);
  internet = stack.use(
    await openTestInternet({ "far.test": page("far"), "asked.test": page("asked") }),
  );
  first = await open("egress-a");
  second = await open("egress-b");
});
afterAll(() => stack.disposeAsync());

test("the list of refusals is where a variable says, and cannot be written inside", async () => {
  await shell(first, "curl -sk https://no.test/secret?token=hunter2");
  await vi.waitFor(async () => {
    const { text } = await shell(first, 'cat "$COLONY_NETWORK_REFUSED"');
    expect(text).toMatch(
      /no\.test port 443, once, last by: curl -sk https:\/\/no\.test\/secret\?…/,
    );
  });
  const { text } = await shell(
    first,
    "echo x > /run/colony/refused; echo x > /run/colony/new; rm -f /run/colony/refused; umount /run/colony; ls /run/colony",
  );
  expect(text.match(/Read-only file system/g)?.length).toBeGreaterThanOrEqual(2);
  expect(text.split("\n").at(-1)).toBe("refused");
});

test("a decision reaches the live sandbox by any connection to its keeper", async () => {
  const ask = () => shell(first, "curl -sk --max-time 20 https://asked.test/");
  expect((await ask()).text).toBe("");
  const rule = {
    host: "asked.test",
    ports: [],
    verdict: "allow",
    scope: "task",
    by: "Ada",
  } as const;
  {
    await using other = await adoptSandbox(folder, "egress-a");
    await other?.setEgressRules([rule]);
  }
  expect((await ask()).text).toBe("asked");
  expect((await shell(second, "curl -sk https://asked.test/")).text).toBe("");
});

test("5,000 connections of one sandbox disturb no other, and end by themselves", async () => {
  const storm = `let open = 0, ended = 0;
    const { connect } = require("net");
    const one = () => {
      const socket = connect(443, "far.test");
      socket.on("connect", () => open++).on("error", () => {}).on("close", () => ended++);
    };
    require("dns").lookup("far.test", () => {
      for (let count = 0; count < 5000; count++) one();
      setInterval(() => { if (ended >= 4400) { console.log(open, ended); process.exit(); } }, 100);
    });`;
  const argv = ["node", "-e", storm];
  const options = { timeoutMs: 100_000, maxOutputBytes: 100_000 };
  let isOver = false;
  const attack = first.exec(argv, options).finally(() => {
    isOver = true;
  });
  let asked = 0;
  while (!isOver || asked < 5) {
    expect((await shell(second, "curl -sk --max-time 20 https://far.test/")).text).toBe("far");
    asked += 1;
  }
  expect((await attack).output.trim()).toMatch(/^[0-9]+ [0-9]+$/);
  expect((await shell(first, "curl -sk --max-time 30 https://far.test/")).text).toBe("far");
  const ledger = await readFile(egressFiles(folder, "egress-a").ledger, "utf8");
  // One line a second, not one for each of the thousands.
  expect(ledger.match(/as many as one may/g)?.length).toBeLessThan(200);
});

test("the summary says who was reached, and stays when the sandbox has ended", async () => {
  await first.close();
  const state = await readEgressState(folder, "egress-a");
  expect(state.hosts.find((one) => one.host === "asked.test")).toMatchObject({
    ports: [443],
    connections: 1,
    refused: 1,
  });
  expect(state.refusals.map(({ host }) => host)).toContain("no.test");
  const lines = (await readFile(egressFiles(folder, "egress-a").ledger, "utf8")).trim().split("\n");
  expect(JSON.parse(lines.at(-1) ?? "")).toMatchObject({ task: "egress-a" });
});

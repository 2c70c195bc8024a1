import { afterAll, beforeAll, expect, test } from "vitest";
import type { Sandbox } from "../../sandbox/sandbox.ts";
import { makeSandboxHome, mebibyte, openForTest, shell, smallSpec } from "./sandbox-fixture.ts";

/** Package managers as they are, against the registries that this host is set up to use. */
const stack = new AsyncDisposableStack();
let sandbox: Sandbox;

beforeAll(async () => {
  const folder = stack.use(makeSandboxHome());
  const limits = {
    memoryBytes: 1024 * mebibyte,
    pids: 256,
    cpus: 2,
    diskBytes: 2048 * mebibyte,
    openFiles: 4096,
  };
  const spec = smallSpec("packages", { egress: { kind: "packages", alsoNames: [] }, limits });
  const settingsOwner = { env: process.env, home: "/root" };
  sandbox = stack.use(await openForTest(folder, spec, { settingsOwner }));
});
afterAll(() => stack.disposeAsync());

test("apt-get installs a package", { timeout: 240_000 }, async () => {
  const line = "apt-get -q update && apt-get -q install -y --no-install-recommends hello && hello";
  const { text, code } = await shell(sandbox, line, 220_000);
  expect(text.split("\n").at(-1)).toBe("Hello, world!");
  expect(code).toBe(0);
});

test("npm i and npm ci install what a lock file says", { timeout: 240_000 }, async () => {
  const line = `mkdir -p /root/p && cd /root/p && npm init -y >/dev/null &&
npm i is-odd@3.0.1 && rm -rf node_modules && npm ci && node -p 'require("is-odd")(3)'`;
  const { text, code } = await shell(sandbox, line, 220_000);
  expect(text.split("\n").at(-1)).toBe("true");
  expect(code).toBe(0);
});

test("no proxy variable is needed, and nothing else is reachable", async () => {
  const { text } = await shell(
    sandbox,
    "env | grep -i _proxy; curl -sS https://example.com; git ls-remote https://example.com/x 2>&1",
  );
  expect(text).not.toMatch(/_proxy=/i);
  expect(text).toMatch(/alert access denied/);
  expect(text).toMatch(/Access was denied|access denied/);
});

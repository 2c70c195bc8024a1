import { afterAll, beforeAll, expect, test } from "vitest";
import type { Sandbox } from "../../sandbox/sandbox.ts";
import { type Inside, openInside, succeed } from "../host/inside/inside-fixture.ts";

let inside: Inside;
let sandbox: Sandbox;

beforeAll(async () => {
  inside = await openInside(["browser", "quiet"]);
  const [first] = inside.sandboxes;
  if (first === undefined) throw new Error("There is no sandbox.");
  sandbox = first;
});
afterAll(() => inside?.[Symbol.asyncDispose]());

test("a test suite starts headless Chromium, by puppeteer as it is", {
  timeout: 240_000,
}, async () => {
  const text = await succeed(
    sandbox,
    `mkdir -p /root/site && cd /root/site && npm init -y >/dev/null
npm i -s puppeteer@24.15.0
cat >page.test.mjs <<'END'
import assert from "node:assert";
import { createServer } from "node:http";
import { test } from "node:test";
import puppeteer from "puppeteer";
test("the page greets", async () => {
  const server = createServer((_, response) => response.end("<h1>Hello</h1>")).listen(3000);
  const browser = await puppeteer.launch();
  const page = await browser.newPage();
  await page.goto("http://localhost:3000/");
  assert.equal(await page.$eval("h1", (h1) => h1.textContent), "Hello");
  await browser.close();
  server.close();
});
END
timeout 60 node --test --test-reporter=tap page.test.mjs`,
  );
  expect(text).toMatch(/^# pass 1$/m);
  expect(text).toMatch(/^# fail 0$/m);
});

test("Chromium by its name prints a page", async () => {
  const page = "data:text/html,<p>made by a script</p>";
  const text = await succeed(sandbox, `chromium-headless-shell --dump-dom '${page}' 2>/dev/null`);
  expect(text).toContain("<p>made by a script</p>");
});

test("ps, ss and top show the sandbox and nothing else", async () => {
  const [, quiet] = inside.sandboxes;
  if (quiet === undefined) throw new Error("There is no second sandbox.");
  await succeed(sandbox, "(sleep 622 >/dev/null 2>&1 &)");
  await succeed(quiet, "(sleep 611 >/dev/null 2>&1 &)");
  const text = await succeed(
    quiet,
    "ps -eo args --no-headers | grep -v -e '^ps ' -e '^grep '; echo; top -bn1 | tail -n +8",
  );
  const [ps = "", top = ""] = text.split("\n\n");
  for (const line of ps.split("\n"))
    expect(line).toMatch(/^(\/usr\/bin\/sleep infinity|sh -c|sleep 611$)/);
  expect(ps).toContain("sleep 611");
  expect(top.split("\n").length).toBeLessThan(9);
  expect(top).not.toContain("node");
  // The relay of this sandbox, which brings its network, and nothing of this host or a neighbour.
  const addresses = await succeed(quiet, "ss -Haltun | awk '{print $5}'");
  for (const address of addresses.split("\n"))
    expect(address).toMatch(/^(127\.0\.0\.1|198\.18\.\d+\.\d+|0\.0\.0\.0|\[::\]|\[::1\]|\*):/);
  const named = await succeed(quiet, "ss -Hax | awk '$5 != \"*\" {print $5}' | sort -u");
  for (const name of named.split("\n")) expect(name).toMatch(/^(\.\.\/)?dialer\.\w+$/);
});

test("nothing of it is on the host afterwards", async () => {
  const { before, after, ...left } = await inside.end();
  expect(after).toEqual(before);
  expect(left).toEqual({ processes: [], mounts: [] });
});

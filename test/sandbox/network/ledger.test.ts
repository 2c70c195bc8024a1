import { mkdtempSync, readFileSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { openLedger } from "../../../sandbox/network/ledger.ts";

test("a ledger is bounded, and the newest entries are the ones that stay", () => {
  const folder = mkdtempSync("/tmp/colony-ledger-");
  using _folder = { [Symbol.dispose]: () => rmSync(folder, { recursive: true }) };
  const path = join(folder, "ledger.ndjson");
  for (const part of [0, 1]) {
    using ledger = openLedger(path, "t", 2_000);
    for (let index = 0; index < 50; index += 1) {
      const host = `h${part * 50 + index}.test`;
      ledger.write({ kind: "connection", host, port: 443, decision: "refused" });
    }
  }
  const text = readFileSync(`${path}.1`, "utf8") + readFileSync(path, "utf8");
  const hosts = text
    .trim()
    .split("\n")
    .map((line): string => JSON.parse(line).host);
  expect(hosts.at(-1)).toBe("h99.test");
  expect(hosts.length).toBeGreaterThan(15);
  expect(hosts).toEqual(hosts.map((_, at) => `h${100 - hosts.length + at}.test`));
  expect(statSync(path).size + statSync(`${path}.1`).size).toBeLessThan(4_500);
  expect(statSync(path).mode & 0o777).toBe(0o600);
});

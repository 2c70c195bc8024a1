import { expect, test } from "vitest";
import { addressProblem } from "../../../sandbox/network/address-policy.ts";

const strict = { ownAddresses: [], allowedRanges: [], trustedName: false };

test.each([
  "127.0.0.1",
  "10.1.2.3",
  "172.31.255.255",
  "192.168.0.1",
  "100.64.0.1",
  "169.254.169.254",
  "168.63.129.16",
  "0.0.0.0",
  "198.18.0.1",
  "224.0.0.1",
  "255.255.255.255",
  "::1",
  "::",
  "fe80::1",
  "fe80::1%eth0",
  "fd00:ec2::254",
  "ff02::1",
  "::ffff:127.0.0.1",
  "::ffff:7f00:1",
  "::127.0.0.1",
  "64:ff9b::a9fe:a9fe",
  "2002:7f00:1::1",
  "2001::1",
  "nonsense",
])("%s is refused", (address) => {
  expect(addressProblem(address, strict)).toBeDefined();
});

test.each([
  "1.1.1.1",
  "172.32.0.1",
  "203.0.113.80",
  "192.0.2.1",
  "2606:4700::1111",
  "::ffff:1.1.1.1",
  "64:ff9b::101:101",
])("%s may be dialled; documentation ranges are routed on some networks", (address) => {
  expect(addressProblem(address, strict)).toBeUndefined();
});

test("the host's own address is refused, however it is written", () => {
  const rules = { ...strict, ownAddresses: ["203.0.113.7", "2001:db8::7", "fe80::1"] };
  expect(addressProblem("203.0.113.7", rules)).toContain("host itself");
  expect(addressProblem("::ffff:203.0.113.7", rules)).toContain("host itself");
  expect(addressProblem("2001:db8::7", rules)).toContain("host itself");
});

test("a registry of the host's own settings may be in a private network, but not on the host", () => {
  const rules = { ...strict, trustedName: true };
  expect(addressProblem("10.1.2.3", rules)).toBeUndefined();
  expect(addressProblem("127.0.0.1", rules)).toBeDefined();
  expect(addressProblem("169.254.169.254", rules)).toBeDefined();
});

test("the administrator may allow a range", () => {
  const rules = { ...strict, allowedRanges: ["10.9.0.0/16"] };
  expect(addressProblem("10.9.1.1", rules)).toBeUndefined();
  expect(addressProblem("10.8.1.1", rules)).toBeDefined();
});

import { decode, encode } from "dns-packet";
import { expect, test } from "vitest";
import { answerDns } from "../../../sandbox/network/dns.ts";
import { hostName, StandIns } from "../../../sandbox/network/stand-in.ts";

function ask(standIns: StandIns, name: string, type: "A" | "AAAA" | "TXT" | "PTR" | "SRV") {
  const query = encode({ type: "query", id: 7, questions: [{ name, type, class: "IN" }] });
  const reply = answerDns(query, standIns);
  return reply === undefined ? undefined : decode(reply.bytes);
}

test("a name gets one address of the range and keeps it", () => {
  const standIns = new StandIns();
  const first = ask(standIns, "deb.debian.org", "A")?.answers?.[0];
  expect(first).toMatchObject({ type: "A", data: expect.stringMatching(/^198\.1[89]\./) });
  expect(ask(standIns, "DEB.debian.org", "A")?.answers?.[0]).toMatchObject({
    data: first?.type === "A" ? first.data : "",
  });
  expect(standIns.nameOf(first?.type === "A" ? first.data : "")).toBe("deb.debian.org");
});

test("questions of other types are answered empty, so nothing travels in them", () => {
  for (const type of ["AAAA", "TXT", "SRV"] as const) {
    const reply = ask(new StandIns(), "deb.debian.org", type);
    expect(reply?.answers).toEqual([]);
    expect((reply?.flags ?? 0) & 15).toBe(0);
  }
  const reverse = ask(new StandIns(), "1.18.198.in-addr.arpa", "PTR");
  expect((reverse?.flags ?? 0) & 15).toBe(3);
});

test("localhost is never a stand-in", () => {
  expect(ask(new StandIns(), "app.localhost", "A")?.answers?.[0]).toMatchObject({
    data: "127.0.0.1",
  });
});

test("bytes that are no question get no answer and do no harm", () => {
  const standIns = new StandIns();
  const query = encode({ type: "query", questions: [{ name: "a.example", type: "A" }] });
  const pointerLoop = Buffer.from([0, 1, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0xc0, 12, 0, 1, 0, 1]);
  const response = encode({ type: "response", questions: [{ name: "a.example", type: "A" }] });
  const bad = [Buffer.alloc(0), Buffer.from([1]), pointerLoop, response];
  for (let length = 1; length < query.length; length += 1) bad.push(query.subarray(0, length));
  for (const bytes of bad) expect(answerDns(bytes, standIns)).toBeUndefined();
});

test("names beyond the limit take the address of the one that was longest unused", () => {
  const standIns = new StandIns(0);
  const oldest = standIns.addressFor("name0.example");
  const pinned = standIns.pin("pinned.example");
  for (let index = 1; index < 16_400; index += 1) standIns.addressFor(`name${index}.example`);
  expect(standIns.nameOf(oldest)).toBeUndefined();
  expect(standIns.nameOf(pinned)).toBe("pinned.example");
});

test.each([
  ["Example.COM.", "example.com"],
  ["a_b.example", "a_b.example"],
  ["1.2.3.4", undefined],
  ["0x7f.1", undefined],
  ["0x7f000001", undefined],
  ["a.0x", undefined],
  ["b\u00fccher.example", undefined],
  ["a\0b.example", undefined],
  ["::ffff:127.0.0.1", undefined],
  ["-a.example", undefined],
  ["a..b", undefined],
  [`${"a".repeat(64)}.example`, undefined],
  ["", undefined],
])("host name of %j is %j", (text, name) => {
  expect(hostName(text)).toBe(name);
});

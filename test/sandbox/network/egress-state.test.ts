import { expect, test } from "vitest";
import { parseInodes } from "../../../sandbox/network/commands-inside.ts";
import { findEntry } from "../../../sandbox/network/egress-entry.ts";
import {
  addRefusal,
  addTraffic,
  noEgress,
  sortHosts,
} from "../../../sandbox/network/egress-state.ts";
import { renderRefused } from "../../../sandbox/network/refused-file.ts";

test("hosts add up, stay bounded, and come busiest first", () => {
  let state = noEgress;
  for (let index = 0; index < 300; index += 1) {
    const fact = {
      host: `h${index}.test`,
      port: 443,
      connections: 1,
      bytesUp: 1,
      bytesDown: index,
    };
    state = addTraffic(state, fact, 1_000 + index);
  }
  const again = { host: "h7.test", port: 80, connections: 1, bytesUp: 5, bytesDown: 1_000 };
  state = sortHosts(addTraffic(state, again, 9_000));
  expect(state.hosts).toHaveLength(200);
  expect(state.moreHosts).toBe(100);
  expect(state.hosts[0]).toMatchObject({
    host: "h7.test",
    ports: [80, 443],
    connections: 2,
    bytesUp: 6,
    firstMs: 1_007,
    lastMs: 9_000,
  });
  expect(state.bytesUp).toBe(305);
});

test("refusals of one host are one, and hosts beyond fifty are counted", () => {
  let state = noEgress;
  for (let index = 0; index < 60; index += 1) {
    const fact = { host: `r${index}.test`, port: 22, sentence: "no", askable: true };
    state = addRefusal(state, fact, index);
  }
  const again = { host: "r3.test", port: 443, sentence: "still no", askable: true, command: "ssh" };
  state = addRefusal(state, again, 100);
  expect(state.refusals).toHaveLength(50);
  expect(state.moreRefusals).toBe(10);
  expect(state.refusals.at(-1)).toMatchObject({ host: "r3.test", ports: [22, 443], count: 2 });
  const text = renderRefused(state, [
    { host: "r3.test", ports: [], verdict: "allow", scope: "task", by: "Ada" },
  ]);
  expect(text).toContain(
    "r3.test port 22, 443, 2 times, last by: ssh. still no. Meanwhile allowed by Ada: try again.",
  );
  expect(text).toContain("# and 10 of further hosts");
});

test.each([
  [["a.test"], "a.test", 443, "a.test"],
  [["a.test"], "a.test", 22, undefined],
  [["a.test:22"], "a.test", 22, "a.test:22"],
  [["a.test:22"], "a.test", 443, undefined],
  [["*.a.test:22"], "x.a.test", 22, "*.a.test:22"],
  [["*.a.test"], "a.test", 443, undefined],
])("of %j, %s:%d is meant by %s", (entries, name, port, found) => {
  expect(findEntry(entries, { name, port })).toBe(found);
});

test("the kernel's table gives the inode of the connection that is meant", () => {
  const table = `  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 010012C6:9D2A 020012C6:01BB 01 00000000:00000000 00:00000000 00000000     0        0 4242 1 x
   1: 010012C6:9D2B 020012C6:01BB 06 00000000:00000000 00:00000000 00000000     0        0 0 3 x
`;
  const wanted = new Set(["198.18.0.1:40234 198.18.0.2:443", "198.18.0.1:40235 198.18.0.2:443"]);
  expect([...parseInodes(table, wanted)]).toEqual([["198.18.0.1:40234 198.18.0.2:443", "4242"]]);
});

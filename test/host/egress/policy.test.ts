import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { createServer, type Server, type Socket } from "node:net";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import type { LedgerEntry } from "../../../sandbox/network/ledger.ts";
import type { EgressRule } from "../../../sandbox/spec.ts";
import {
  farAddress,
  openFarServers,
  openTestNetwork,
  type TestNetwork,
} from "../network-fixture.ts";

/** A listed host with ports of its own, seen from inside as unmodified programs see it. */
const stack = new AsyncDisposableStack();
const answers: string[] = ["127.0.0.1", farAddress];
let net: TestNetwork;

/** Speaks first, as ssh does, then gives back what it gets. */
async function openBanner(port: number): Promise<Server> {
  const server = createServer({ allowHalfOpen: true }, (socket: Socket) => {
    socket.on("error", () => socket.destroy());
    socket.write(`banner ${port}\n`);
    socket.pipe(socket);
  });
  server.listen(port, farAddress);
  await once(server, "listening");
  stack.defer(() => void server.close());
  return server;
}

beforeAll(async () => {
  stack.use(
    await openFarServers((request, response) => {
      if (request.url === "/slow") return void response.write("begun\n");
      const answer = `${request.method} ${request.headers.host} ${request.url}\n`;
      // As long as servers of the real internet take: who asks is found while it waits.
      if (request.url?.startsWith("/far")) setTimeout(() => response.end(answer), 700);
      else response.end(answer);
    }),
  );
  await openBanner(2222);
  await openBanner(2223);
  net = stack.use(
    await openTestNetwork({
      policy: {
        kind: "names",
        names: ["far.test", "far.test:2222", "*.deep.test:2222", "turn.test"],
      },
      names: {
        get "turn.test"() {
          return [answers.shift() ?? farAddress];
        },
      },
    }),
  );
});
afterAll(() => stack.disposeAsync());

const talk = (name: string, port: number) =>
  `exec 3<>/dev/tcp/${name}/${port} && echo hello >&3 && head -2 <&3`;
const refusedFile = () => readFile(join(net.folder, "told", "refused"), "utf8");
const rule = (host: string, more: Partial<EgressRule> = {}): EgressRule => ({
  host,
  ports: [],
  verdict: "allow",
  scope: "task",
  by: "Ada",
  ...more,
});

test("a port leads out where it is listed, also for servers that speak first", async () => {
  expect((await net.inside(talk("far.test", 2222))).out).toBe("banner 2222\nhello\n");
  expect((await net.inside(talk("a.deep.test", 2222))).out).toBe("banner 2222\nhello\n");
});

test("any other port is reset at once and listed, with the command that asked", async () => {
  const said = await net.inside("curl -sS --max-time 20 telnet://far.test:2223 </dev/null");
  expect(said.out).toMatch(/reset by peer/i);
  await vi.waitFor(async () => expect(await refusedFile()).toContain("far.test port 2223, once"));
  expect(await refusedFile()).toContain("last by: curl -sS --max-time 20 telnet://far.test:2223");
  const entry = (await net.ledger()).find((one) => one.port === 2223);
  expect(entry).toMatchObject({
    kind: "connection",
    task: "t-test",
    host: "far.test",
    decision: "refused",
    rule: "not listed",
    command: "curl -sS --max-time 20 telnet://far.test:2223",
  });
});

test("a refused page says who refused, how to ask, and where all refusals are", async () => {
  const said = await net.inside("curl -si http://other.test/x?secret=1");
  expect(said.out).toContain("HTTP/1.1 403 Refused by the network policy of this Colony sandbox");
  expect(said.out).toContain("can allow it there; try again once they did");
  expect(said.out).toContain("/run/colony/refused");
});

test("refusals of one host are one line with their count", async () => {
  for (let again = 0; again < 3; again += 1) await net.inside("curl -sk https://many.test/");
  await vi.waitFor(async () =>
    expect(await refusedFile()).toMatch(/many\.test port 443, 3 times, last by: curl -sk/),
  );
  expect((await refusedFile()).match(/many\.test port/g)).toHaveLength(1);
});

test("ports 80 and 443 are free for servers inside", async () => {
  const serve = `require("http").createServer((q, r) => r.end("own ")).listen(80, "0.0.0.0", async () => {
    const ask = (url) => fetch(url).then((answer) => answer.text());
    console.log((await ask("http://127.0.0.1/")) + (await ask("http://far.test/x")));
    process.exit();
  })`;
  const said = await net.inside(`${process.execPath} -e '${serve}'`);
  expect(said.out).toBe("own GET far.test /x\n\n");
});

test("a name that turns from 127.0.0.1 to another address is looked up for each connection, once", async () => {
  const first = await net.inside("curl -s http://turn.test/");
  expect(first.out).toContain("turn.test leads to 127.0.0.1: this address is loopback");
  expect((await net.inside("curl -s http://turn.test/")).out).toContain("GET turn.test /");
  expect(net.lookups.filter((name) => name === "turn.test")).toHaveLength(2);
  await vi.waitFor(async () => expect(await refusedFile()).toMatch(/turn\.test.*loopback/));
});

/** A question as no library would write it: the name's labels are bytes. */
function rawQuestion(labels: readonly string[]): string {
  const bytes = labels.flatMap((label) => [label.length, ...Buffer.from(label, "latin1")]);
  const question = [18, 52, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0, ...bytes, 0, 0, 1, 0, 1];
  const text = question.map((byte) => `\\x${byte.toString(16).padStart(2, "0")}`).join("");
  return `exec 3<>/dev/udp/127.0.0.1/53; printf '${text}' >&3; head -c 4 <&3 | od -An -tx1`;
}

test("names in disguise get no address, and are in the ledger with the reason", async () => {
  const utf8 = Buffer.from("bücher").toString("latin1");
  for (const labels of [
    ["a\0b", "test"],
    [utf8, "test"],
    ["x", "0x7f"],
    ["127", "1"],
  ]) {
    // Answered with "no such name".
    expect((await net.inside(rawQuestion(labels))).out.trim()).toBe("12 34 85 83");
  }
  const nul = await net.inside(
    `exec 3<>/dev/tcp/far.test/80; printf 'GET / HTTP/1.1\\r\\nHost: far\\0.test\\r\\n\\r\\n' >&3; cat <&3`,
  );
  expect(nul.out).toContain("400 Bad Request");
  await vi.waitFor(async () => {
    const entries = await net.ledger();
    for (const host of ["a\0b.test", "bücher.test", "x.0x7f", "127.1"]) {
      const refused = { kind: "dns", host, decision: "refused", reason: "it is no host name" };
      expect(entries).toContainEqual(expect.objectContaining(refused));
    }
    const request = { kind: "request", host: "far.test", decision: "refused" };
    expect(entries).toContainEqual(expect.objectContaining(request));
  });
});

test("what a person allows is reached without a restart, and once has an end", async () => {
  expect((await net.inside("curl -s http://asked.test/")).out).toContain("is not allowed");
  net.network.setRules([rule("asked.test", { scope: "once", untilMs: Date.now() + 60_000 })]);
  expect((await net.inside("curl -s http://asked.test/")).out).toContain("GET asked.test /");
  expect(await refusedFile()).toMatch(/asked\.test.*Meanwhile allowed by Ada: try again/);
  net.network.setRules([rule("asked.test", { scope: "once", untilMs: Date.now() - 1 })]);
  expect((await net.inside("curl -s http://asked.test/")).out).toContain("is not allowed");
  // The entry of a request is written when its connection has ended.
  const rules = async () =>
    (await net.ledger()).filter((one) => one.host === "asked.test").map((one) => one.rule);
  await expect.poll(rules, { timeout: 30_000 }).toContain("allowed once by Ada");
});

test("a port that a person allows is reached, its neighbours are not", async () => {
  net.network.setRules([rule("ported.test", { ports: [2222] })]);
  expect((await net.inside(talk("ported.test", 2222))).out).toBe("banner 2222\nhello\n");
  expect((await net.inside(talk("ported.test", 2223))).out).toMatch(/reset/i);
});

test("what is kept blocked is cut also where the list allows it, and while it is connected", async () => {
  const page = join(net.folder, "page");
  const slow = net.inside(`curl -sSN --max-time 25 -o ${page} http://far.test/slow`);
  await vi.waitFor(async () => expect(await readFile(page, "utf8")).toBe("begun\n"));
  net.network.setRules([rule("far.test", { verdict: "block" })]);
  const said = await slow;
  expect(said.out).toMatch(/transfer closed|reset|ended/i);
  expect(said.code).not.toBe(28);
  expect((await net.inside("curl -s http://far.test/")).out).toContain("Ada keeps it blocked");
  net.network.setRules([]);
  expect((await net.inside("curl -s http://far.test/")).out).toContain("GET far.test /");
});

test("the ledger's entries have their fields and nothing that was secret", async () => {
  await net.inside(
    "curl -s -H 'Authorization: Bearer hunter2' -u ada:hunter3 'http://far.test/far?token=hunter4'",
  );
  const isIt = ({ kind, command }: LedgerEntry) =>
    kind === "connection" && command?.includes("-u …") === true;
  await vi.waitFor(async () => expect((await net.ledger()).some(isIt)).toBe(true));
  const entries = await net.ledger();
  expect(JSON.stringify(entries)).not.toMatch(/hunter|token=|Bearer/);
  const fields = new Set(entries.flatMap((entry) => Object.keys(entry)));
  const known = ["ts", "task", "kind", "host", "port", "method", "status", "decision", "rule"];
  const more = ["bytesUp", "bytesDown", "ms", "command", "reason"];
  expect([...fields].filter((field) => ![...known, ...more].includes(field))).toEqual([]);
  const connection = entries.find(isIt);
  expect(connection?.command).toBe("curl -s -H … -u … http://far.test/far?…");
  expect(connection).toMatchObject({ rule: "far.test", task: "t-test" });
});

test("a host whose kernel has no such program: listed ports and 80 and 443 still lead out", async () => {
  await using plain = await openTestNetwork({
    policy: { kind: "names", names: ["far.test", "far.test:2222"] },
    plainRelay: true,
  });
  expect((await plain.inside(talk("far.test", 2222))).out).toBe("banner 2222\nhello\n");
  expect((await plain.inside("curl -s http://far.test/")).out).toContain("GET far.test /");
  expect((await plain.inside("curl -s http://other.test/")).out).toContain("is not allowed");
  expect((await plain.inside(talk("far.test", 2223))).out).toMatch(/refused/i);
});

import { Duplex } from "node:stream";
import { connect } from "node:tls";
import { expect, test } from "vitest";
import { parseClientHello } from "../../../sandbox/network/client-hello.ts";
import { nameProblem } from "../../../sandbox/network/relay-tls.ts";

/** The bytes that Node's own TLS client begins with. */
function realHello(servername?: string): Promise<Buffer> {
  return new Promise((resolve) => {
    const wire = new Duplex({
      read() {},
      write(chunk: Buffer, _encoding, done) {
        resolve(chunk);
        done();
      },
    });
    const client = connect({ socket: wire, ...(servername === undefined ? {} : { servername }) });
    client.on("error", () => {});
  });
}

test("a real hello names its server", async () => {
  const bytes = await realHello("registry.example");
  expect(parseClientHello(bytes)).toEqual({ kind: "hello", serverName: "registry.example" });
});

test("a hello without a server name is one too", async () => {
  expect(parseClientHello(await realHello())).toEqual({ kind: "hello" });
});

test("each beginning of a hello is incomplete, never an error", async () => {
  const bytes = await realHello("registry.example");
  for (let length = 0; length < bytes.length; length += 1) {
    expect(parseClientHello(bytes.subarray(0, length)).kind).toBe("incomplete");
  }
});

test("a hello spread over two records is put together", async () => {
  const bytes = await realHello("registry.example");
  const body = bytes.subarray(5);
  const record = (part: Buffer) =>
    Buffer.concat([Buffer.from([22, 3, 1, part.length >> 8, part.length & 255]), part]);
  const split = Buffer.concat([record(body.subarray(0, 50)), record(body.subarray(50))]);
  expect(parseClientHello(split)).toEqual({ kind: "hello", serverName: "registry.example" });
});

test("other protocols and lies about lengths are not TLS", async () => {
  const bytes = await realHello("registry.example");
  expect(parseClientHello(Buffer.from("GET / HTTP/1.1\r\n")).kind).toBe("not-tls");
  expect(parseClientHello(Buffer.from("SSH-2.0-OpenSSH")).kind).toBe("not-tls");
  const lying = Buffer.from(bytes);
  lying.writeUInt16BE(65_535, 5 + 4 + 2 + 32 + 1 + 32);
  expect(parseClientHello(lying).kind).toBe("not-tls");
});

test("the server name must be the one that the address was given for", () => {
  expect(nameProblem("a.example", "A.example")).toBeUndefined();
  expect(nameProblem("a.example", undefined)).toBeUndefined();
  expect(nameProblem("a.example", "b.example")).toContain("given for a.example");
  expect(nameProblem(undefined, "a.example")).toContain("no name");
});

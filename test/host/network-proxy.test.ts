import { once } from "node:events";
import { createServer, type IncomingMessage } from "node:http";
import { connect, type Socket } from "node:net";
import { afterAll, beforeAll, expect, test } from "vitest";
import {
  farAddress,
  openFarServers,
  openTestNetwork,
  type TestNetwork,
} from "./network-fixture.ts";

/** Some hosts reach their registries through a proxy alone. */
const seen: { line: string; authorization: string | undefined }[] = [];
const stack = new AsyncDisposableStack();
let net: TestNetwork;

beforeAll(async () => {
  stack.use(
    await openFarServers((request, response) => {
      response.end(`${request.method} ${request.headers.host} ${request.url}\n`);
    }),
  );
  const proxy = createServer((request, response) => {
    note(request);
    response.end(`proxied ${request.url}\n`);
  });
  proxy.on("connect", (request: IncomingMessage, client: Socket) => {
    note(request);
    const far = connect(443, farAddress, () => {
      client.write("HTTP/1.1 200 Connection established\r\n\r\n");
      client.pipe(far).pipe(client);
    });
    far.on("error", () => client.destroy());
    client.on("error", () => far.destroy());
  });
  proxy.listen(0, "127.0.0.1");
  await once(proxy, "listening");
  stack.defer(() => {
    proxy.close();
    proxy.closeAllConnections();
  });
  const address = proxy.address();
  const port = typeof address === "object" ? address?.port : undefined;
  const url = new URL(`http://user:pass%21@127.0.0.1:${port}`);
  net = stack.use(
    await openTestNetwork({
      policy: { kind: "packages", alsoNames: [] },
      host: {
        httpProxy: url,
        httpsProxy: url,
        noProxy: ["direct.test"],
        registries: [
          { name: "apt.test", port: 80, scheme: "http" },
          { name: "npm.test", port: 443, scheme: "https" },
          { name: "direct.test", port: 80, scheme: "http" },
          { name: "odd.test", port: 8081, scheme: "http", proxy: url },
        ],
      },
    }),
  );
});
afterAll(() => stack.disposeAsync());

function note(request: IncomingMessage): void {
  const { method, url, headers } = request;
  seen.push({ line: `${method} ${url}`, authorization: headers["proxy-authorization"] });
}

const password = `Basic ${Buffer.from("user:pass!").toString("base64")}`;

test("plain http goes to the proxy as a whole URL, with the password added outside", async () => {
  const said = await net.inside("curl -sv http://apt.test/debian/x http://apt.test/debian/y");
  expect(said.out).toContain("proxied http://apt.test/debian/x");
  expect(said.out).toContain("proxied http://apt.test/debian/y");
  expect(said.out).not.toContain("Proxy-Authorization");
  expect(seen).toContainEqual({
    line: "GET http://apt.test/debian/y",
    authorization: password,
  });
});

test("TLS goes through a tunnel", async () => {
  const said = await net.inside("curl -sk https://npm.test/ms");
  expect(said.out).toContain("GET npm.test /ms");
  expect(seen).toContainEqual({ line: "CONNECT npm.test:443", authorization: password });
  expect(net.lookups).not.toContain("npm.test");
});

test("no_proxy is honoured", async () => {
  const said = await net.inside("curl -s http://direct.test/");
  expect(said.out).toContain("GET direct.test /");
  expect(net.lookups).toContain("direct.test");
});

test("a registry on a port of its own is reached there, and only there", async () => {
  const said = await net.inside("curl -s http://odd.test:8081/simple/");
  expect(said.out).toContain("proxied http://odd.test:8081/simple/");
  expect((await net.inside("curl -s http://apt.test:8081/")).code).toBe(56);
});

test("the proxy is not asked for a name that is not allowed", async () => {
  const said = await net.inside("curl -s http://evil.test/; curl -sk https://evil.test/");
  expect(said.out).toContain("Refused by the network policy");
  expect(seen.filter(({ line }) => line.includes("evil"))).toEqual([]);
});

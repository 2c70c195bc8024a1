import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import {
  farAddress,
  openFarServers,
  openTestNetwork,
  type TestNetwork,
} from "./network-fixture.ts";

const big = Buffer.alloc(20 * 2 ** 20, "0123456789abcdef~");
const policy = {
  kind: "names",
  names: ["far.test", "rebind.test", "mixed.test", "*.sub.test"],
} as const;
const stack = new AsyncDisposableStack();
let net: TestNetwork;

/** A bare repository, served as files. */
async function makeRepository(): Promise<string> {
  const parent = await mkdtemp("/tmp/colony-git-");
  stack.defer(() => rm(parent, { recursive: true, force: true }));
  const env = { PATH: process.env.PATH ?? "", HOME: parent };
  const git = (...args: string[]) =>
    execFileSync("git", args, { cwd: parent, env, stdio: "ignore" });
  git("init", "-q", "work");
  const who = ["-c", "user.name=a", "-c", "user.email=a@example.com"];
  git("-C", "work", ...who, "commit", "-q", "--allow-empty", "-m", "first");
  git("clone", "-q", "--bare", "work", "repo.git");
  git("-C", "repo.git", "update-server-info");
  return parent;
}

beforeAll(async () => {
  const repositories = await makeRepository();
  stack.use(
    await openFarServers(async (request, response) => {
      if (request.url?.startsWith("/repo.git/")) {
        const path = join(repositories, request.url.split("?")[0] ?? "");
        const file = await readFile(path).catch(() => undefined);
        response.statusCode = file === undefined ? 404 : 200;
        return void response.end(file);
      }
      if (request.url === "/big") return void response.end(big);
      if (request.url === "/chunks") {
        response.write("one,");
        return void setTimeout(() => response.end("two"), 20);
      }
      let body = 0;
      for await (const chunk of request) body += chunk.length;
      const { method, url, headers } = request;
      response.setHeader("x-far", "yes");
      response.statusCode = url === "/missing" ? 404 : 200;
      response.end(`${method} ${headers.host} ${url} ${body}\n`);
    }),
  );
  net = stack.use(
    await openTestNetwork({
      policy,
      names: { "rebind.test": ["127.0.0.1"], "mixed.test": ["169.254.169.254", farAddress] },
    }),
  );
});
afterAll(() => stack.disposeAsync());

test("plain http passes with its method, headers and status", async () => {
  const said = await net.inside("curl -si http://far.test/hello");
  expect(said.out).toContain("HTTP/1.1 200 OK");
  expect(said.out).toContain("x-far: yes");
  expect(said.out).toContain("GET far.test /hello 0");
  expect((await net.inside("curl -si http://far.test/missing")).out).toContain("404 Not Found");
});

test("bodies pass both ways, of known and unknown length, several on one connection", async () => {
  const upload = "head -c 3000000 /dev/zero | curl -s -T - http://far.test/up";
  expect((await net.inside(upload)).out).toContain("PUT far.test /up 3000000");
  const several = await net.inside(
    "curl -s http://far.test/chunks http://far.test/b http://far.test/c",
  );
  expect(several.out).toBe("one,twoGET far.test /b 0\nGET far.test /c 0\n");
  const post = "curl -s -d abc http://far.test/a";
  expect((await net.inside(post)).out).toContain("POST far.test /a 3");
});

test("pipelined requests are answered in order", async () => {
  const requests = ["/1", "/2", "/3"].map(
    (path) => `GET ${path} HTTP/1.1\\r\\nHost: far.test\\r\\n`,
  );
  const text = `${requests.join("\\r\\n")}Connection: close\\r\\n\\r\\n`;
  const said = await net.inside(`exec 3<>/dev/tcp/far.test/80; printf '${text}' >&3; cat <&3`);
  expect(said.out.match(/GET far\.test \/\d/g)).toEqual([1, 2, 3].map((n) => `GET far.test /${n}`));
});

test("TLS passes unopened and byte for byte", async () => {
  const said = await net.inside("curl -sk https://far.test/big | sha256sum");
  expect(said.out).toContain(createHash("sha256").update(big).digest("hex"));
});

test("git over https works where its host is allowed", async () => {
  const clone = "git -c http.sslVerify=false clone -q https://far.test/repo.git";
  const said = await net.inside(
    `cd $(mktemp -d) && ${clone} && git -C repo log --format=%s; rm -rf $PWD`,
  );
  expect(said.out).toContain("first");
});

test("a name that is not on the list is refused at once, and the refusal says by whom", async () => {
  const plain = await net.inside("curl -si http://evil.test/secret");
  expect(plain.out).toContain("HTTP/1.1 403 Refused by the network policy of this Colony sandbox");
  expect(plain.out).toContain("evil.test:80 is not allowed: it is not on the list of names");
  const secure = await net.inside("curl -sS https://evil.test/secret");
  expect(secure.code).toBe(35);
  expect(secure.out).toContain("alert access denied");
  expect(net.lookups).not.toContain("evil.test");
});

test("a wildcard lets subdomains through", async () => {
  expect((await net.inside("curl -s http://a.sub.test/")).out).toContain("GET a.sub.test / 0");
});

test("another name cannot be reached behind an allowed one's address", async () => {
  const address = (
    await net.inside("getent ahostsv4 far.test | head -1 | cut -d' ' -f1")
  ).out.trim();
  const host = await net.inside("curl -s -H 'Host: evil.test' http://far.test/");
  expect(host.out).toContain("its address was given for far.test");
  const sni = await net.inside(`curl -skS --resolve evil.test:443:${address} https://evil.test/`);
  expect(sni.out).toContain("alert access denied");
  const second =
    "GET / HTTP/1.1\\r\\nHost: far.test\\r\\n\\r\\nGET / HTTP/1.1\\r\\nHost: evil.test\\r\\n\\r\\n";
  const reused = await net.inside(`exec 3<>/dev/tcp/far.test/80; printf '${second}' >&3; cat <&3`);
  expect(reused.out).toContain("GET far.test / 0");
  expect(reused.out).toContain("403 Refused");
  expect(reused.out).not.toContain("GET evil.test");
});

test("an allowed name that leads to the host or into a private network is refused", async () => {
  const said = await net.inside("curl -s http://rebind.test/");
  expect(said.out).toContain("rebind.test leads to 127.0.0.1");
  expect(net.lookups.filter((name) => name === "rebind.test")).toHaveLength(1);
  expect((await net.inside("curl -s http://mixed.test/")).out).toContain("GET mixed.test / 0");
});

test("addresses without a name lead nowhere", async () => {
  expect((await net.inside("curl -sS --max-time 5 https://1.1.1.1/")).out).toContain("connect");
  const unassigned = await net.inside("curl -s http://198.19.255.200/");
  expect(unassigned.out).toContain("this address was given to no name");
});

test("a ledger entry for every question, request, connection and refusal", async () => {
  const entries = await net.ledger();
  const base = { host: "far.test", port: 80 };
  expect(entries).toContainEqual(
    expect.objectContaining({ kind: "dns", host: "evil.test", decision: "answered" }),
  );
  expect(entries).toContainEqual(
    expect.objectContaining({
      ...base,
      kind: "request",
      method: "PUT",
      status: 200,
      bytesUp: 3_000_000,
    }),
  );
  expect(entries).toContainEqual(
    expect.objectContaining({ ...base, kind: "request", method: "GET", status: 404 }),
  );
  const tls = entries.find(
    (entry) => entry.kind === "connection" && entry.port === 443 && entry.decision === "allowed",
  );
  expect(tls?.bytesDown).toBeGreaterThan(big.length);
  expect(tls?.method).toBeUndefined();
  for (const port of [80, 443]) {
    expect(entries).toContainEqual(
      expect.objectContaining({ kind: "connection", host: "evil.test", port, decision: "refused" }),
    );
  }
});

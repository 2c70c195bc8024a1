import { execFileSync } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer, type RequestListener } from "node:http";
import { createServer as createTlsServer } from "node:https";
import { type AddressInfo, connect } from "node:net";
import { join } from "node:path";

/** A part of the internet that the test serves: hosts with TLS, behind the proxy of this host. */
export interface TestInternet extends AsyncDisposable {
  /** For the environment of the one who set this host up. */
  readonly proxy: string;
  /** The authority that signed the hosts, in PEM. */
  readonly authority: string;
}

/** `hosts`: who answers for which name; every other name is the real one. */
export async function openTestInternet(
  hosts: Readonly<Record<string, RequestListener>>,
): Promise<TestInternet> {
  const folder = mkdtempSync("/tmp/colony-internet-");
  await using stack = new AsyncDisposableStack();
  stack.defer(() => rmSync(folder, { recursive: true, force: true }));
  const certificate = makeCertificates(folder, Object.keys(hosts));
  const server = createTlsServer(certificate, (request, response) => {
    const name = request.headers.host ?? "";
    const answer = hosts[name];
    if (answer === undefined) response.writeHead(404).end();
    else answer(request, response);
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  stack.defer(() => server.close().closeAllConnections());
  const own = (server.address() as AddressInfo).port;

  const proxy = createServer().listen(0, "127.0.0.1");
  await once(proxy, "listening");
  stack.defer(() => proxy.close().closeAllConnections());
  proxy.on("connect", (request, client, head) => {
    const [name = "", port] = (request.url ?? "").split(":");
    const far = name in hosts ? connect(own, "127.0.0.1") : connect(Number(port), name);
    const end = () => {
      client.destroy();
      far.destroy();
    };
    for (const socket of [client, far]) socket.on("error", end);
    far.once("connect", () => {
      client.write("HTTP/1.1 200 OK\r\n\r\n");
      far.write(head);
      client.pipe(far).pipe(client);
    });
  });
  const owned = stack.move();
  return {
    proxy: `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`,
    authority: readFileSync(join(folder, "ca.pem"), "utf8"),
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

function makeCertificates(folder: string, names: readonly string[]) {
  const openssl = (...argv: string[]) =>
    execFileSync("openssl", argv, { cwd: folder, stdio: "pipe" });
  const key = ["-newkey", "rsa:2048", "-nodes", "-days", "2"];
  openssl("req", "-x509", ...key, "-keyout", "ca.key", "-out", "ca.pem", "-subj", "/CN=Test CA");
  const alternatives = `subjectAltName=${names.map((name) => `DNS:${name}`).join(",")}`;
  openssl(
    ...["req", "-x509", ...key, "-keyout", "host.key", "-out", "host.pem"],
    ...["-subj", "/CN=test", "-addext", alternatives],
    ...["-addext", "basicConstraints=critical,CA:FALSE", "-CA", "ca.pem", "-CAkey", "ca.key"],
  );
  return {
    key: readFileSync(join(folder, "host.key")),
    cert: readFileSync(join(folder, "host.pem")),
  };
}

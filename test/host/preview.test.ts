import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { chmodSync, existsSync } from "node:fs";
import { type IncomingHttpHeaders, request } from "node:http";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import WebSocket from "ws";
import type { Sandbox } from "../../sandbox/sandbox.ts";
import { preparePreviewKey, readPreviewKey } from "../../worker/preview/key.ts";
import { probePage } from "../../worker/preview/pages.ts";
import { readColonyUser } from "../../worker/process/system-user.ts";
import { signPreviewLink } from "../../worker/protocol/preview-link.ts";
import { makeSandboxHome, openForTest, smallSpec } from "./sandbox-fixture.ts";

const previewPort = 17_789;
const runtime = process.env.COLONY_RUNTIME ?? "";
const stack = new AsyncDisposableStack();
const colonies = new Map<string, Sandbox>();
let key: Buffer;

/** A web application as agents write them: http, a WebSocket, redirects, cookies. */
const application = `
const { WebSocketServer } = require("/opt/colony/node_modules/ws");
const http = require("node:http");
const [name, port] = process.argv.slice(1);
const server = http.createServer((request, response) => {
  if (request.url === "/away") {
    response.writeHead(302, { location: "http://localhost:" + port + "/home", "set-cookie": "s=1; Domain=localhost" });
    return response.end();
  }
  if (request.url === "/big") return response.end(Buffer.alloc(3_000_000, "x"));
  response.setHeader("content-type", "text/html");
  response.end("<!doctype html><title>" + name + "</title>" + JSON.stringify({ name, url: request.url, headers: request.headers }));
});
new WebSocketServer({ server }).on("connection", (socket, request) => {
  socket.send(name + " " + request.headers.host + " " + request.headers.origin);
  socket.on("message", (data) => socket.send("echo " + data));
});
server.listen(port, "127.0.0.1");
`;

beforeAll(async () => {
  const folder = stack.use(makeSandboxHome());
  chmodSync(folder.home, 0o711);
  const user = await readColonyUser();
  await preparePreviewKey(folder, user);
  key = await readPreviewKey(folder);
  const binds = [{ source: runtime, target: "/opt/colony" }];
  for (const id of ["taska1", "taskb2"]) {
    const sandbox = stack.use(await openForTest(folder, smallSpec(id, { binds }), {}));
    colonies.set(id, sandbox);
    await startNode(id, "application", application, [id, "3000"]);
    await listening(id, 3000);
  }
  const { HOME: _home, ...env } = process.env;
  const proxy = spawn(join(runtime, "bin/node"), [join(runtime, "worker/preview/main.ts")], {
    uid: user.uid,
    gid: user.gid,
    env: { ...env, COLONY_HOME: folder.home, COLONY_PREVIEW_PORT: String(previewPort) },
    stdio: ["ignore", "inherit", "inherit"],
  });
  stack.defer(() => end(proxy));
  await vi.waitFor(() => get("taska1", "/"), { timeout: 20_000, interval: 100 });
});
afterAll(() => stack.disposeAsync());

async function end(child: ChildProcess): Promise<void> {
  child.kill("SIGTERM");
  if (child.exitCode === null && child.signalCode === null) await once(child, "exit");
}

function colony(id: string): Sandbox {
  const sandbox = colonies.get(id);
  if (sandbox === undefined) throw new Error(`no sandbox ${id}`);
  return sandbox;
}

async function startNode(id: string, name: string, program: string, args: string[]): Promise<void> {
  const argv = ["node", "-e", program, "--", ...args];
  await colony(id).start({ name, argv, env: {}, cwd: "/" });
}

async function listening(id: string, port: number): Promise<void> {
  await vi.waitFor(async () => expect(await colony(id).listeningPorts()).toContain(port), {
    timeout: 30_000,
    interval: 100,
  });
}

interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

function get(
  id: string,
  path: string,
  headers: Record<string, string> = {},
  port = 3000,
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const host = `${id}-${port}.localhost:${previewPort}`;
    const to = { host: "127.0.0.1", port: previewPort, path, headers: { host, ...headers } };
    const outgoing = request(to, async (reply) => {
      resolve({ status: reply.statusCode ?? 0, headers: reply.headers, body: await text(reply) });
    });
    outgoing.on("error", reject).end();
  });
}

/** Opens the link as a browser does and answers the cookie. */
async function enter(id: string, port = 3000, path = "/"): Promise<string> {
  const link = new URL(
    signPreviewLink({ key, previewPort, taskId: id, port, path, nowMs: Date.now() }),
  );
  const entered = await get(id, link.pathname + link.search, {}, port);
  expect(entered.status).toBe(303);
  expect(entered.headers.location).toBe(path);
  return entered.headers["set-cookie"]?.[0]?.split(";")[0] ?? "";
}

test("two sandboxes serve on the same port, each to those who came by its link", async () => {
  for (const id of ["taska1", "taskb2"]) {
    expect((await get(id, "/")).status).toBe(403);
    const answer = await get(id, "/page?x=1", { cookie: await enter(id) });
    expect(answer.status).toBe(200);
    expect(answer.body).toContain(`<title>${id}</title>`);
    expect(answer.body).toContain('"url":"/page?x=1"');
  }
  expect((await get("taskb2", "/", { cookie: await enter("taska1") })).status).toBe(403);
});

test("the application sees itself as localhost, and nothing of ours", async () => {
  const ours = `http://taska1-3000.localhost:${previewPort}`;
  const cookie = `mine=1; ${await enter("taska1")}`;
  const answer = await get("taska1", "/", { cookie, origin: ours, referer: `${ours}/x` });
  const seen: { headers: IncomingHttpHeaders } = JSON.parse(
    answer.body.slice(answer.body.indexOf("{")),
  );
  expect(seen.headers).toMatchObject({
    host: "localhost:3000",
    origin: "http://localhost:3000",
    referer: "http://localhost:3000/x",
    cookie: "mine=1",
  });
  expect(JSON.stringify(seen)).not.toContain("colony_preview");
});

test("redirects stay on the preview, cookies stay with their host", async () => {
  const answer = await get("taska1", "/away", { cookie: await enter("taska1") });
  expect(answer.headers.location).toBe(`http://taska1-3000.localhost:${previewPort}/home`);
  expect(answer.headers["set-cookie"]).toEqual(["s=1"]);
});

test("large bodies pass whole", async () => {
  const answer = await get("taska1", "/big", { cookie: await enter("taska1") });
  expect(answer.body.length).toBe(3_000_000);
});

function openSocket(id: string, headers: Record<string, string>): WebSocket {
  const host = `${id}-3000.localhost:${previewPort}`;
  return new WebSocket(`ws://127.0.0.1:${previewPort}/hmr`, { headers: { host, ...headers } });
}

test("WebSockets pass both ways, for those who may and from our own page only", async () => {
  const cookie = await enter("taskb2");
  const origin = `http://taskb2-3000.localhost:${previewPort}`;
  const socket = openSocket("taskb2", { cookie, origin });
  const [hello] = await once(socket, "message");
  expect(String(hello)).toBe("taskb2 localhost:3000 http://localhost:3000");
  socket.send("ping");
  expect(String((await once(socket, "message"))[0])).toBe("echo ping");
  socket.close();
  for (const headers of [{ origin }, { cookie, origin: "http://taska1-3000.localhost" }]) {
    await expect(once(openSocket("taskb2", headers), "open")).rejects.toThrow("403");
  }
});

test("a port on which nothing listens says so and looks again", async () => {
  const answer = await get("taska1", "/", { cookie: await enter("taska1", 4999) }, 4999);
  expect(answer.status).toBe(502);
  expect(answer.body).toContain('http-equiv="refresh"');
});

test("the model gateway is not a preview", async () => {
  const answer = await get("taska1", "/", { cookie: await enter("taska1", 53) }, 53);
  expect(answer.status).toBe(502);
});

test("a sandbox that is gone tells how to wake it", async () => {
  const answer = await get("gone12", "/", { cookie: await enter("gone12") });
  expect(answer.status).toBe(503);
  expect(answer.body).toContain("Reply in the task's thread to wake it");
});

const quiet: [string, number, string][] = [
  [
    "an interface that answers JSON",
    4001,
    'require("http").createServer((q, r) => r.setHeader("content-type", "application/json").end("{}")).listen(4001)',
  ],
  ["a debugger", 4002, 'require("inspector").open(4002, "127.0.0.1"); setInterval(() => {}, 1000)'],
  [
    "a database that waits for its client",
    4003,
    'require("net").createServer((c) => c.on("data", () => c.end("E"))).listen(4003)',
  ],
  [
    "endless noise",
    4004,
    'require("net").createServer((c) => { c.on("error", () => {}); setInterval(() => c.write(Buffer.alloc(65536, "z")), 5).unref(); }).listen(4004)',
  ],
  [
    "endless headers",
    4005,
    'require("net").createServer((c) => { c.on("error", () => {}); c.write("HTTP/1.1 200 OK\\r\\n"); setInterval(() => c.write("x: " + "y".repeat(900) + "\\r\\n"), 1).unref(); }).listen(4005)',
  ],
  [
    "a page that is gone before 2 s",
    4006,
    'const s = require("http").createServer((q, r) => { r.setHeader("content-type", "text/html").end("<html>"); setTimeout(() => process.exit(), 500); }).listen(4006)',
  ],
];

test.each(quiet)("%s is no page", async (_what, port, program) => {
  await startNode("taska1", `quiet-${port}`, program, []);
  await listening("taska1", port);
  const signal = AbortSignal.timeout(60_000);
  const { dialerPath } = colony("taska1");
  expect(await probePage({ dialerPath, port, stayMs: 2_000, signal })).toBeUndefined();
  expect(signal.aborted).toBe(false);
});

test("an application is a page, with its title", async () => {
  const signal = AbortSignal.timeout(60_000);
  const { dialerPath } = colony("taska1");
  const found = await probePage({ dialerPath, port: 3000, stayMs: 2_000, signal });
  expect(found).toEqual({ title: "taska1" });
  expect(existsSync(dialerPath)).toBe(true);
});

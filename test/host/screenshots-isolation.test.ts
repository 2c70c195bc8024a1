import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { BROWSER, type PicturesService, processesOf, startPictures } from "./pictures-service.ts";
import { openTestSite, page } from "./test-site.ts";

const store = mkdtempSync(join(tmpdir(), "colony-store-"));
let pictures: PicturesService;
beforeAll(async () => {
  mkdirSync(join(store, "secrets"));
  writeFileSync(join(store, "secrets", "key"), "secret");
  pictures = await startPictures({ hiddenPaths: [join(store, "secrets")] });
});
afterAll(async () => {
  await pictures[Symbol.asyncDispose]();
  rmSync(store, { recursive: true });
});

const statusOf = (pid: number, field: string) =>
  new RegExp(`^${field}:\\s*(.*)$`, "m").exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1];

test("a page reaches neither the host's loopback nor another task's servers", async () => {
  const reached: string[] = [];
  const host = createServer((request, response) => {
    reached.push(`host ${request.url}`);
    response.setHeader("access-control-allow-origin", "*").end("secret");
  });
  await new Promise<void>((resolve) => host.listen(0, "127.0.0.1", resolve));
  await using other = await openTestSite((request, response) => {
    reached.push(`other ${request.url}`);
    response.setHeader("access-control-allow-origin", "*").end("secret");
  }, 7000);
  const ports = [(host.address() as AddressInfo).port, other.hostPort, 7000];
  const hosts = ["127.0.0.1", "localhost", "127.0.0.2", "[::1]", "0.0.0.0", "[::ffff:127.0.0.1]"];
  const script = `
    const got = [];
    const wants = ${JSON.stringify(ports.flatMap((port) => hosts.map((name) => `${name}:${port}`)))};
    await Promise.all(wants.flatMap((where) => [
      fetch("http://" + where + "/").then((r) => r.text()).then((t) => got.push(where + t), () => {}),
      new Promise((resolve) => {
        const socket = new WebSocket("ws://" + where + "/");
        socket.onopen = () => { got.push(where); resolve(); };
        socket.onerror = resolve;
      }),
    ]));
    const peer = new RTCPeerConnection({ iceServers: wants.slice(0, 3).map((where) => (
      { urls: "turn:" + where + "?transport=tcp", username: "u", credential: "c" })) });
    peer.createDataChannel("x");
    await peer.setLocalDescription(await peer.createOffer());
    await new Promise((resolve) => setTimeout(resolve, 1000));
    document.title = "tried; got " + got.length;
    fetch("/done");`;
  // The document's end waits for the script's.
  const done = Promise.withResolvers<void>();
  await using site = await openTestSite(
    page(`<script>(async () => {${script}})();</script><script src="/hold.js"></script>`, {
      "/done": (_request, response) => {
        response.end();
        done.resolve();
      },
      "/hold.js": (_request, response) => void done.promise.then(() => response.end()),
    }),
  );
  // A connection that a page asks for is counted at the host's server, whatever comes of it.
  host.on("connection", () => reached.push("host connection"));
  const capture = await pictures.shoot(site);
  host.close();
  expect(capture.title).toBe("tried; got 0");
  expect(reached).toEqual([]);
  expect(new Set(site.dialled)).toEqual(new Set([5173, ...ports]));
});

test("the browser has no network but lo, no rights, and its own sandbox inside", async () => {
  await using site = await openTestSite((_request, response) => {
    response.writeHead(200, { "content-type": "text/html" }).write("<p>hi");
    const [browser] = processesOf(pictures, BROWSER);
    seen.interfaces = readFileSync(`/proc/${browser}/net/dev`, "utf8").match(/^\s*\S+:/gm)!;
    seen.uid = statusOf(browser!, "Uid")!;
    seen.rights = ["CapEff", "CapBnd", "NoNewPrivs"].map((field) => statusOf(browser!, field));
    seen.hidden = readdirSync(`/proc/${browser}/root${join(store, "secrets")}`);
    const renderers = processesOf(pictures, /--type=renderer/);
    seen.seccomp = renderers.map((pid) => statusOf(pid, "Seccomp"));
    seen.shares = renderers.filter(
      (pid) => readlinkSync(`/proc/${pid}/ns/user`) === readlinkSync(`/proc/${browser}/ns/user`),
    );
    response.end();
  });
  const seen: Record<string, unknown> = {};
  await pictures.shoot(site);
  expect(seen.interfaces).toEqual(["    lo:"]);
  expect(String(seen.uid).split("\t")).not.toContain("0");
  expect(seen.rights).toEqual(["0000000000000000", "0000000000000000", "1"]);
  expect(seen.hidden).toEqual([]);
  expect(readdirSync(join(store, "secrets"))).toEqual(["key"]);
  expect(new Set(seen.seccomp as string[])).toEqual(new Set(["2"]));
  expect(seen.shares).toEqual([]);
});

test("profiles lie in the namespace only; the socket is for its owner", async () => {
  expect(readdirSync(join(pictures.folder, "work"))).toEqual([]);
  expect(statSync(pictures.socketPath).mode & 0o077).toBe(0);
});

import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PNG } from "pngjs";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { openPerson } from "../../screenshots/screenshots.ts";
import { clickNamed, openBrowser, waitForText } from "../browser.ts";

const HTML = { "content-type": "text/html; charset=utf-8" };
const CHAT = `<meta name="viewport" content="width=device-width"><body style="background:#0000ff">
  <p id="told">nothing yet</p><button aria-label="Say it" onclick="told.textContent = 'clicked'">x</button>
  <script>new EventSource("/events").onmessage = ({ data }) => {
    told.textContent = data; if (data === "the news") document.body.style.background = "#00ff00"; };</script>`;

/** A page behind a one-time link, with news over a stream that never ends. */
const server = createServer((request, response) => {
  const { method, url, headers } = request;
  if (url === "/sign-in" && method === "GET") {
    return void response
      .writeHead(200, HTML)
      .end(`<form method="post"><button>Sign in</button></form>`);
  }
  if (url === "/sign-in") {
    const cookie = "person=ada; HttpOnly; SameSite=Strict";
    return void response.writeHead(303, { location: "/", "set-cookie": cookie }).end();
  }
  if (headers.cookie !== "person=ada") return void response.writeHead(403).end("sign in first");
  if (url === "/events") {
    response.writeHead(200, { "content-type": "text/event-stream" });
    const news = ["some", "and more", "and more", "and more", "and more", "the news"];
    const timer = setInterval(() => {
      const next = news.shift();
      if (next === undefined) clearInterval(timer);
      else response.write(`data: ${next}\n\n`);
    }, 120);
    return;
  }
  if (url === "/") return void response.writeHead(200, HTML).end(CHAT);
  response.writeHead(404).end();
});
let origin = "";
beforeAll(async () => {
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterAll(() => {
  server.closeAllConnections();
  server.close();
});

test("a person signs in by the button and sees what came over the stream, at both widths", async () => {
  const folder = mkdtempSync(join(tmpdir(), "colony-person-test-"));
  chmodSync(folder, 0o711);
  vi.stubEnv("TMPDIR", folder);
  const shots = await seePage(`${origin}/sign-in`);
  vi.unstubAllEnvs();
  expect(shots).toEqual(["desktop 1280x800 00ff00", "phone 780x1688 00ff00"]);
  expect(readdirSync(folder)).toEqual([]);
  rmSync(folder, { recursive: true });
});

test("a browser of the tests is driven by names and texts, and tells what went wrong", async () => {
  await using browser = await openBrowser({ signInUrl: `${origin}/sign-in` });
  const page = await browser.open(origin);
  await waitForText(page, "the news");
  await clickNamed(page, "Say it");
  await waitForText(page, /^clicked/);
  expect(browser.errors).toEqual([]);
  await browser.open(`${origin}/nowhere`);
  expect(browser.errors).toContain(`404 ${origin}/nowhere`);
});

test("a person's browser is no root, though its caller is", async () => {
  await using person = await openPerson();
  const { pid } = person.browser.process()!;
  const uids = /^Uid:\s*(.*)$/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))![1]!.split("\t");
  expect(uids).not.toContain("0");
});

async function seePage(signInUrl: string): Promise<string[]> {
  await using person = await openPerson({ signInUrl });
  const shots = await person.look(`${origin}/`);
  return shots.map(({ viewport, png, width, height }) => {
    const { data } = PNG.sync.read(png);
    return `${viewport} ${width}x${height} ${data.subarray(0, 3).toString("hex")}`;
  });
}

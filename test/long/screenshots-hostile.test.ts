import type { RequestListener } from "node:http";
import { afterAll, beforeAll, expect, onTestFailed, test } from "vitest";
import { DESKTOP, PHONE } from "../../screenshots/screenshots.ts";
import { type PicturesService, processesOf, startPictures } from "../host/pictures-service.ts";
import { openTestSite, page } from "../host/test-site.ts";

let pictures: PicturesService;
beforeAll(async () => {
  pictures = await startPictures();
});
afterAll(() => pictures[Symbol.asyncDispose]());

/** What a sandbox may serve, and what the caller then gets: a picture or a reason. */
const pages: readonly [string, RequestListener, string][] = [
  ["loops for ever", page("<p>hi<script>for (;;);</script>"), "deadline"],
  [
    "loops for ever a little later",
    page("<p>hi<script>setTimeout(() => { for (;;); }, 60)</script>"),
    "deadline",
  ],
  [
    "loops for ever in workers",
    page(
      `<p>hi<script>const u = URL.createObjectURL(new Blob(["for(;;);"]));
      for (let i = 0; i < 4; i++) new Worker(u);</script>`,
    ),
    "picture",
  ],
  [
    "asks and asks",
    page(
      `<p>hi<script>onbeforeunload = () => "stay"; setInterval(() => { alert(1); confirm(2); prompt(3); print(); }, 10)</script>`,
    ),
    "picture",
  ],
  [
    "redirects for ever",
    (_request, response) => void response.writeHead(302, { location: `/${Math.random()}` }).end(),
    "no-answer",
  ],
  [
    "reloads for ever",
    page("<p>hi<script>setTimeout(() => location.reload(), 20)</script>"),
    "either",
  ],
  [
    "redirects to a file",
    (_request, response) => void response.writeHead(302, { location: "file:///etc/passwd" }).end(),
    "no-answer",
  ],
  ["goes to a file", page("<p>hi<script>location = 'file:///etc/passwd'</script>"), "picture"],
  [
    "goes to the browser's own pages",
    page("<p>hi<script>location = 'chrome://gpu'; open('chrome://version')</script>"),
    "picture",
  ],
  ["leaves", page("<p>hi<script>location = 'http://example.com/'</script>"), "left-sandbox"],
  [
    "redirects out",
    (_request, response) =>
      void response.writeHead(302, { location: "https://example.com/" }).end(),
    "left-sandbox",
  ],
  [
    "is a download",
    (_request, response) =>
      void response.writeHead(200, { "content-disposition": "attachment" }).end("x"),
    "not-a-page",
  ],
  ["is nothing", (_request, response) => void response.writeHead(204).end(), "not-a-page"],
  [
    "downloads and opens windows",
    page(
      `<p>hi<a id="a" download="x" href="data:,x">x</a><script>setInterval(() => { a.click(); open("/"); }, 5)</script>`,
    ),
    "picture",
  ],
  [
    "wants a password",
    (_request, response) => void response.writeHead(401, { "www-authenticate": "Basic" }).end("no"),
    "picture",
  ],
  [
    "wants a proxy's password",
    (_request, response) =>
      void response.writeHead(407, { "proxy-authenticate": "Basic" }).end("no"),
    "picture",
  ],
  [
    "writes errors without end",
    page(
      `<p>hi<script>setInterval(() => { for (let i = 0; i < 100; i++) console.error("e" + i, { i }); }, 1)</script>`,
    ),
    "either",
  ],
  [
    "writes one endless error",
    page(`<p>hi<script>console.error("x".repeat(3e8)); throw new Error("y".repeat(2e8))</script>`),
    "either",
  ],
  [
    "asks for everything",
    page(`<p>hi<script>for (let i = 0; i < 500; i++) fetch("/" + i)</script>`),
    "picture",
  ],
  [
    "is full of frames",
    page(
      `<p>hi<script>if (self === top) for (let i = 0; i < 100; i++) document.body.append(Object.assign(document.createElement("iframe"), { srcdoc: "x" }))</script>`,
    ),
    "picture",
  ],
  ["hangs up", (request) => void request.socket.destroy(), "no-answer"],
  [
    "speaks another protocol",
    (request) => void request.socket.end("SSH-2.0-OpenSSH\r\n"),
    "no-answer",
  ],
  ["never answers", () => {}, "deadline"],
  [
    "never ends",
    (_request, response) => {
      response.writeHead(200, { "content-type": "text/html" });
      const timer = setInterval(() => response.write("<p>drip</p>"), 50);
      response.on("close", () => clearInterval(timer));
    },
    "picture",
  ],
  [
    "takes all memory",
    page("<p>hi<script>const kept = []; for (;;) kept.push(new Uint8Array(2e7).fill(7));</script>"),
    "page-crashed",
  ],
];

test.each(pages)(
  "a page that %s is bounded, and the next one is served",
  async (_name, listener, outcome) => {
    const deadlineMs = outcome === "deadline" ? 4_000 : 30_000;
    pictures.lines.length = 0;
    onTestFailed(() => console.error(pictures.lines.join("\n")));
    await using site = await openTestSite(listener);
    const startedMs = Date.now();
    const seen = await pictures.shoot(site, { deadlineMs, viewports: [DESKTOP] }).then(
      () => "picture",
      (error) => error.reason,
    );
    expect(Date.now() - startedMs).toBeLessThan(deadlineMs + 10_000);
    if (outcome === "either")
      expect(["picture", "deadline", "internal", "browser-died", "page-crashed"]).toContain(seen);
    else expect(seen).toBe(outcome);
    await using kind = await openTestSite(page("<title>Kind</title><p>hello"));
    expect((await pictures.shoot(kind)).title).toBe("Kind");
    await expect
      .poll(() => processesOf(pictures, /--type=renderer/).length, { timeout: 10_000 })
      .toBeLessThanOrEqual(3);
  },
);

test("a page without end is cut, and says so", async () => {
  await using site = await openTestSite(page(`<body style="height:100000px">tall`));
  const { shots } = await pictures.shoot(site, { viewports: [DESKTOP, PHONE] });
  for (const shot of shots) expect(shot.cut).toBe(true);
  expect(shots[0]!.height).toBe(4000);
});

test("a picture is below 5 MB, whatever it shows", async () => {
  await using site = await openTestSite(
    page(`<meta name="viewport" content="width=device-width"><body style="margin:0">
      <canvas id="c" width="780" height="4000" style="width:390px;height:2000px"></canvas><script>
      const context = c.getContext("2d"), image = context.createImageData(780, 4000);
      for (let i = 0; i < image.data.length; i++) image.data[i] = i % 4 === 3 ? 255 : Math.random() * 256;
      context.putImageData(image, 0, 0);</script>`),
  );
  const [shot] = (await pictures.shoot(site, { viewports: [PHONE] })).shots;
  expect(shot!.png.length).toBeLessThan(5_000_000);
  expect(shot!.cut).toBe(true);
});

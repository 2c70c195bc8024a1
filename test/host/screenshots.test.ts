import { PNG } from "pngjs";
import { afterAll, beforeAll, expect, test } from "vitest";
import { WebSocketServer } from "ws";
import { compareImages, DESKTOP, PHONE } from "../../screenshots/screenshots.ts";
import { type PicturesService, startPictures } from "./pictures-service.ts";
import { openTestSite, page } from "./test-site.ts";

let pictures: PicturesService;
beforeAll(async () => {
  pictures = await startPictures();
});
afterAll(() => pictures[Symbol.asyncDispose]());

const HEAD = `<!doctype html><title>Bakery</title>
  <meta name="viewport" content="width=device-width,initial-scale=1">
  <style>body{margin:0;font:18px sans-serif;background:#0000ff;color:#fff}
  @media(max-width:600px){body{background:#ff0000}}</style>`;

test("a page is seen at desktop and at phone width", async () => {
  await using site = await openTestSite(page(`${HEAD}<h1>Bread 🥖</h1>`));
  const capture = await pictures.shoot(site, { viewports: [DESKTOP, PHONE] });
  expect(capture).toMatchObject({
    title: "Bakery",
    url: "http://localhost:5173/",
    status: 200,
    consoleErrors: [],
    failedRequests: [],
    remarks: [],
    shots: [
      { viewport: "desktop", width: 1280, height: 800, cut: false },
      { viewport: "phone", width: 780, height: 1688, cut: false },
    ],
  });
  const corners = capture.shots.map(({ png }) => colourAt(png, 5, 5));
  expect(corners).toEqual(["0000ff", "ff0000"]);
});

test("two pictures of a page that moves where it can differ in no pixel", async () => {
  await using site = await openTestSite(
    page(`${HEAD}<style>.spin{width:90px;height:90px;background:linear-gradient(red,gold);
      border-radius:12px;animation:spin 1s linear infinite}@keyframes spin{to{transform:rotate(1turn)}}
      .in{animation:in 3s}@keyframes in{from{opacity:0}}
      .late{transition:margin 2s}</style>
      <div class="spin"></div><h1 class="in">Hello, 世界</h1><p class="late" id="late">later</p>
      <input autofocus value="the caret blinks"><canvas id="c" width="200" height="60"></canvas>
      <img width="40" height="40" src="data:image/gif;base64,${blinkingGif()}">
      <svg width="100" height="40"><rect width="20" height="20" fill="lime"><animate
        attributeName="x" to="80" dur="1s" repeatCount="indefinite"/></rect></svg>
      <div id="shadow"></div>
      <script>
        late.style.marginLeft = "200px";
        const root = shadow.attachShadow({ mode: "open" });
        root.innerHTML = '<style>b{display:block;width:50px;height:50px;background:aqua;animation:' +
          'm 1s infinite}@keyframes m{to{transform:translateX(300px)}}</style><b></b>';
        const draw = () => { c.getContext("2d").fillRect(0, 0, 200, 60); requestAnimationFrame(draw); };
        draw();
      </script>`),
  );
  const first = await pictures.shoot(site, { viewports: [DESKTOP, PHONE] });
  for (let i = 0; i < 3; i++) {
    const again = await pictures.shoot(site, { viewports: [DESKTOP, PHONE] });
    for (const [n, { png }] of again.shots.entries()) {
      expect(compareImages(first.shots[n]!.png, png, 0).differentPixels).toBe(0);
    }
  }
});

test("what goes wrong in the page is told once, and what it wants of the world", async () => {
  await using site = await openTestSite(
    page(`${HEAD}<img src="/missing.png"><script src="https://cdn.example.com/react.js"></script>
      <script>
        console.error("cannot %s", "bake", { flour: 0 });
        console.log("no error");
        fetch("http://api.example.com/bread").catch(() => {});
        fetch("http://localhost:4000/down").catch(() => {});
        setTimeout(() => oven.open());
      </script>`),
  );
  const capture = await pictures.shoot(site, { viewports: [DESKTOP, PHONE] });
  expect(capture.consoleErrors).toEqual([
    "cannot bake {flour: 0}",
    "Uncaught ReferenceError: oven is not defined",
  ]);
  const outside = "outside of the sandbox: pictures reach the task's servers only";
  expect(new Set(capture.failedRequests)).toEqual(
    new Set([
      { url: "http://localhost:5173/missing.png", method: "GET", status: 404 },
      { url: "https://cdn.example.com/react.js", method: "GET", reason: outside },
      { url: "http://api.example.com/bread", method: "GET", reason: outside },
      {
        url: "http://localhost:4000/down",
        method: "GET",
        reason: "port 4000 of the sandbox: connection refused",
      },
    ]),
  );
});

test("server-sent events, WebSockets and late images: the picture waits for what is seen", async () => {
  await using site = await openTestSite(
    page(
      `${HEAD}<img id="late" style="position:absolute;top:0;left:0" width="100" height="100">
      <p id="told">nothing</p><script>
        new EventSource("/events").onmessage = ({ data }) => { told.textContent = data; };
        new WebSocket("ws://localhost:5173/socket").onmessage = () => {
          document.body.style.background = "#123456";
        };
        setTimeout(async () => { await fetch("/slow"); late.src = "/green.svg"; }, 100);
      </script>`,
      {
        "/events": (_request, response) => {
          response.writeHead(200, { "content-type": "text/event-stream" });
          response.write("data: hello\n\n");
        },
        "/slow": (_request, response) => void setTimeout(() => response.end("ok"), 400),
        "/green.svg": (_request, response) => {
          const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"><rect width="9" height="9" fill="#00ff00"/></svg>`;
          setTimeout(() => {
            response.writeHead(200, { "content-type": "image/svg+xml" }).end(svg);
          }, 200);
        },
      },
    ),
  );
  new WebSocketServer({ server: site.server }).on("connection", (socket) => socket.send("hot"));
  const capture = await pictures.shoot(site);
  expect(colourAt(capture.shots[0]!.png, 50, 50)).toBe("00ff00");
  expect(colourAt(capture.shots[0]!.png, 640, 700)).toBe("123456");
  expect(capture.remarks).toEqual([]);
});

test("several tasks at once: each gets its own page", async () => {
  const names = ["one", "two", "three", "four", "five"];
  await using stack = new AsyncDisposableStack();
  const sites = await Promise.all(
    names.map(async (name) => stack.use(await openTestSite(page(`<title>${name}</title>`)))),
  );
  const captures = await Promise.all(
    sites.map((site) => pictures.shoot(site, { deadlineMs: 60_000 })),
  );
  expect(captures.map(({ title }) => title)).toEqual(names);
});

test("a long page is seen whole, with what loads only when it is seen", async () => {
  await using site = await openTestSite(
    page(
      `${HEAD}<div style="height:3890px">top</div><img loading="lazy" width="1280" height="100"
        src="/green.svg">`,
      {
        "/green.svg": (_request, response) => {
          const svg = `<svg xmlns="http://www.w3.org/2000/svg"><rect width="9999" height="9999" fill="#00ff00"/></svg>`;
          response.writeHead(200, { "content-type": "image/svg+xml" }).end(svg);
        },
      },
    ),
  );
  const [shot] = (await pictures.shoot(site)).shots;
  expect(shot!.height).toBeGreaterThan(3960);
  expect(colourAt(shot!.png, 600, 3950)).toBe("00ff00");
});

function colourAt(png: Buffer, x: number, y: number): string {
  const { data, width } = PNG.sync.read(png);
  const start = (y * width + x) * 4;
  return data.subarray(start, start + 3).toString("hex");
}

/** Two frames, red and blue, for ever. */
function blinkingGif(): string {
  const head = [0x47, 0x49, 0x46, 0x38, 0x39, 0x61, 1, 0, 1, 0, 0x80, 0, 0, 255, 0, 0, 0, 0, 255];
  const loop = [0x21, 0xff, 11, ...Buffer.from("NETSCAPE2.0"), 3, 1, 0, 0, 0];
  const frame = (colour: number) => [
    ...[0x21, 0xf9, 4, 0, 10, 0, 0, 0, 0x2c, 0, 0, 0, 0, 1, 0, 1, 0, 0, 2, 2, colour, 1, 0],
  ];
  return Buffer.from([...head, ...loop, ...frame(0x44), ...frame(0x4c), 0x3b]).toString("base64");
}

import { afterAll, beforeAll, expect, test } from "vitest";
import type { Sandbox } from "../../sandbox/sandbox.ts";
import { DESKTOP } from "../../screenshots/screenshots.ts";
import { type PicturesService, startPictures } from "./pictures-service.ts";
import { makeSandboxHome, openForTest, smallSpec } from "./sandbox-fixture.ts";

let pictures: PicturesService;
beforeAll(async () => {
  pictures = await startPictures();
});
afterAll(() => pictures[Symbol.asyncDispose]());

test("two real sandboxes serve on port 3000 of their 127.0.0.1: each is seen as itself", async () => {
  await using folder = makeSandboxHome();
  await using first = await openForTest(folder, smallSpec("shot-one"), { withNetwork: true });
  await using second = await openForTest(folder, smallSpec("shot-two"), { withNetwork: true });
  await serve(first, "first");
  await serve(second, "second");
  const captures = await Promise.all([first, second].map(({ dialerPath }) => shoot(dialerPath)));
  expect(
    captures.map(({ title, url, failedRequests }) => ({ title, url, failedRequests })),
  ).toEqual([
    { title: "first", url: "http://localhost:3000/", failedRequests: [] },
    { title: "second", url: "http://localhost:3000/", failedRequests: [] },
  ]);
  await expect(shoot(first.dialerPath, 3001)).rejects.toMatchObject({ reason: "no-answer" });
});

function shoot(dialerPath: string, port = 3000) {
  const deadlineMs = 40_000;
  return pictures.capture({ dialerPath, port, path: "/", viewports: [DESKTOP], deadlineMs });
}

async function serve(sandbox: Sandbox, title: string): Promise<void> {
  const program = `require("node:http").createServer((request, response) => response
    .writeHead(200, { "content-type": "text/html" }).end("<title>${title}</title>hello"))
    .listen(3000, "127.0.0.1", () => console.log("up"));`;
  await sandbox.start({ name: "app", argv: ["node", "-e", program], env: {}, cwd: "/" });
  await expect.poll(() => sandbox.listeningPorts(), { timeout: 30_000 }).toContain(3000);
}

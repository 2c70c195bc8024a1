import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { PHONE } from "../../screenshots/screenshots.ts";
import { BROWSER, type PicturesService, processesOf, startPictures } from "./pictures-service.ts";
import { openTestSite, page } from "./test-site.ts";

const KIND = page("<title>Kind</title><p>hello");

test("Chromium killed between captures: the next one works", async () => {
  await using pictures = await startPictures();
  await using site = await openTestSite(KIND);
  await pictures.shoot(site);
  killBrowser(pictures);
  expect((await pictures.shoot(site)).title).toBe("Kind");
});

test("Chromium killed under a capture: the caller does not see it", async () => {
  await using pictures = await startPictures();
  let requests = 0;
  await using site = await openTestSite((request, response) => {
    if (requests++ === 0) killBrowser(pictures);
    else KIND(request, response);
  });
  expect((await pictures.shoot(site)).title).toBe("Kind");
  expect(requests).toBe(2);
});

test("Chromium killed under the second try too: the caller is told", async () => {
  await using pictures = await startPictures();
  await using site = await openTestSite(() => killBrowser(pictures));
  await expect(pictures.shoot(site)).rejects.toMatchObject({ reason: "browser-died" });
});

test("a browser that has served its number is replaced", async () => {
  await using pictures = await startPictures({ maxCaptures: 2 });
  await using site = await openTestSite(KIND);
  const browsers = new Set<number>();
  for (let i = 0; i < 5; i++) {
    await pictures.shoot(site);
    await expect.poll(() => processesOf(pictures, BROWSER).length, { timeout: 10_000 }).toBe(1);
    browsers.add(processesOf(pictures, BROWSER)[0]!);
  }
  expect(browsers.size).toBe(3);
});

test("the service killed: it is started again, and a capture waits for it", async () => {
  await using pictures = await startPictures();
  await using site = await openTestSite(KIND);
  const [service] = processesOf(pictures, /screenshots\/main\.ts/).slice(-1);
  process.kill(service!, "SIGKILL");
  expect((await pictures.shoot(site)).title).toBe("Kind");
});

test("a caller that gives up gives its place to the next", async () => {
  await using pictures = await startPictures();
  const asked = Promise.withResolvers<void>();
  await using site = await openTestSite((request, response) => {
    asked.resolve();
    if (request.url !== "/silent") KIND(request, response);
  });
  const giveUp = new AbortController();
  const silent = pictures.capture(
    {
      dialerPath: site.dialerPath,
      port: 5173,
      path: "/silent",
      viewports: [PHONE],
      deadlineMs: 60_000,
    },
    giveUp.signal,
  );
  await asked.promise;
  giveUp.abort(new Error("given up"));
  await expect(silent).rejects.toThrow("given up");
  expect((await pictures.shoot(site)).title).toBe("Kind");
});

test("what hinders the start is said", async () => {
  await expect(startPictures({ nodePath: "/nowhere/node" })).rejects.toThrow(/\/nowhere\/node/);
});

test("the end leaves no process, no mount, no folder", async () => {
  const pictures = await startPictures();
  await using site = await openTestSite(KIND);
  await pictures.shoot(site);
  const family = processesOf(pictures, /./);
  expect(family.length).toBeGreaterThan(5);
  await pictures[Symbol.asyncDispose]();
  expect(family.filter((pid) => existsSync(`/proc/${pid}`))).toEqual([]);
  expect(readFileSync("/proc/self/mounts", "utf8")).not.toContain(pictures.folder);
  expect(existsSync(pictures.folder)).toBe(false);
});

test("the supervisor killed: the service ends with it", async () => {
  const runtime = process.env.COLONY_RUNTIME!;
  const folder = join(mkdtempSync(join(tmpdir(), "colony-parent-")), "service");
  const [uid, gid] = ["-u", "-g"].map((flag) =>
    execFileSync("id", [flag, "colony"], { encoding: "utf8" }),
  );
  const program = `
    const { startScreenshots } = await import(${JSON.stringify(join(runtime, "screenshots/screenshots.ts"))});
    const service = await startScreenshots({ folder: ${JSON.stringify(folder)}, uid: ${uid}, gid: ${gid},
      nodePath: process.execPath, codeRoot: ${JSON.stringify(runtime)} });
    console.log(service.pid);
    setInterval(() => {}, 1000);`;
  execFileSync("chmod", ["0711", join(folder, "..")]);
  const parent = spawn(join(runtime, "bin/node"), ["--input-type=module", "-e", program], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const [line] = await once(parent.stdout, "data");
  const family = processesOf({ pid: Number(String(line)) }, /./);
  expect(family.length).toBeGreaterThan(5);
  parent.kill("SIGKILL");
  await expect
    .poll(() => family.filter((pid) => existsSync(`/proc/${pid}`)), { timeout: 10_000 })
    .toEqual([]);
  rmSync(join(folder, ".."), { recursive: true });
});

function killBrowser(pictures: PicturesService): void {
  const [browser] = processesOf(pictures, BROWSER);
  if (browser === undefined) throw new Error("there is no browser to kill");
  process.kill(browser, "SIGKILL");
}

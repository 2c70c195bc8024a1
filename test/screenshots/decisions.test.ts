import { PNG } from "pngjs";
import { expect, test } from "vitest";
import { decideArrival } from "../../screenshots/arrival.ts";
import { pageUrl } from "../../screenshots/capture.ts";
import { compareImages } from "../../screenshots/image.ts";
import { userAgent } from "../../screenshots/look.ts";
import { decideMemory, parseOwnBytes } from "../../screenshots/memory.ts";
import { loopbackPort } from "../../screenshots/proxy.ts";
import { maxPageHeight, smallerHeight } from "../../screenshots/shoot.ts";
import { createSlots } from "../../screenshots/slots.ts";

const ASKED = "http://localhost:5173/";

test.each([
  ["http://localhost:5173/x", 5173],
  ["http://127.0.0.1:80/", 80],
  ["http://localhost/", 80],
  ["https://localhost/", 443],
  ["http://[::1]:9/", 9],
  ["http://app.localhost:3000/", 3000],
  ["http://169.254.169.254/", undefined],
  ["http://localhost.evil.example/", undefined],
  ["http://0.0.0.0:22/", undefined],
  ["http://[::ffff:10.0.0.1]:22/", undefined],
  ["http://127.0.0.1.nip.example:22/", undefined],
  ["/etc/passwd", undefined],
])("%s is dialled at %s", (target, port) => {
  expect(loopbackPort(target)).toBe(port);
});

test.each(["//evil.example/", "/\\evil.example/"])("%s is not a path", (path) => {
  expect(() => pageUrl({ port: 5173, path })).toThrow(/not a path/);
});

test("where a page went decides what is said", () => {
  const none = { refusal: () => undefined };
  const at = (url: string, errorText?: string) =>
    errorText === undefined ? { url, status: 200 } : { url, status: 200, errorText };
  expect(decideArrival(ASKED, at(ASKED), none)).toBeUndefined();
  expect(decideArrival(ASKED, at("http://evil.example/"), none)?.reason).toBe("left-sandbox");
  expect(decideArrival(ASKED, at(ASKED, "net::ERR_ABORTED"), none)?.reason).toBe("not-a-page");
  const refused = { refusal: (host: string) => (host === "localhost:9" ? "refused" : undefined) };
  expect(decideArrival(ASKED, at("http://localhost:9/"), refused)?.message).toContain("refused");
});

test("a phone's browser says so", () => {
  const headless =
    "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/1 HeadlessChrome/156.0.0.0 Safari/1";
  expect(userAgent(headless, { isMobile: false })).not.toContain("Headless");
  expect(userAgent(headless, { isMobile: true })).toMatch(/Android.*Chrome\/156.*Mobile Safari/);
});

test("the largest process ends before the whole browser does", () => {
  const limits = { processBytes: 100, totalBytes: 150 };
  const of = (...bytes: number[]) => bytes.map((size, pid) => ({ pid, bytes: size }));
  expect(decideMemory(of(50, 60), limits)).toEqual({ kind: "keep" });
  expect(decideMemory(of(50, 101), limits)).toEqual({ kind: "kill-process", pid: 1, bytes: 101 });
  expect(decideMemory(of(90, 90), limits)).toEqual({ kind: "retire", bytes: 180 });
  expect(parseOwnBytes("VmRSS:\t9 kB\nRssAnon:\t   2 kB\nRssShmem:\t  1 kB\n")).toBe(3072);
});

test("a picture is at most five screens and shrinks to its limit", () => {
  const phone = { name: "p", width: 390, height: 844, deviceScaleFactor: 3, isMobile: true };
  expect(maxPageHeight(phone)).toBe(4000);
  expect(maxPageHeight({ ...phone, deviceScaleFactor: 1 })).toBe(4220);
  expect(smallerHeight(4000, 10_000_000)).toBe(1800);
});

test("one task has one place, and those behind it are not held up", async () => {
  const slots = createSlots(2);
  const never = new AbortController().signal;
  const first = await slots.take("a", never);
  const order: string[] = [];
  const second = slots.take("a", never).then((place) => {
    order.push("a");
    return place;
  });
  const other = await slots.take("b", never);
  order.push("b");
  const giveUp = new AbortController();
  const given = slots.take("c", giveUp.signal);
  giveUp.abort(new Error("late"));
  await expect(given).rejects.toThrow("late");
  first[Symbol.dispose]();
  (await second)[Symbol.dispose]();
  other[Symbol.dispose]();
  expect(order).toEqual(["b", "a"]);
});

test("differing pixels are counted, and what one picture lacks differs", () => {
  const white = picture(10, 10);
  expect(compareImages(white, white).differentPixels).toBe(0);
  const dotted = picture(10, 10, 3);
  expect(compareImages(white, dotted).differentPixels).toBe(3);
  expect(compareImages(white, dotted).png?.length).toBeGreaterThan(0);
  expect(compareImages(white, picture(10, 12)).differentPixels).toBe(20);
});

function picture(width: number, height: number, black = 0): Buffer {
  const png = new PNG({ width, height });
  png.data.fill(255);
  for (let i = 0; i < black; i++) png.data.fill(0, i * 4, i * 4 + 3);
  return PNG.sync.write(png);
}

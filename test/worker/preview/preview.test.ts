import { randomBytes } from "node:crypto";
import { expect, test } from "vitest";
import { decideAccess } from "../../../worker/preview/access.ts";
import {
  safeSetCookies,
  toInside,
  toOutside,
  withoutPreviewCookie,
  withoutToken,
} from "../../../worker/preview/headers.ts";
import { decidePage, redirectPath } from "../../../worker/preview/pages.ts";
import {
  parsePreviewHost,
  signPreview,
  signPreviewLink,
  verifyPreview,
  verifyPreviewLink,
} from "../../../worker/protocol/preview-link.ts";

const key = randomBytes(32);
const target = { taskId: "k3f9ab", port: 3000 };
const nowMs = 1_800_000_000_000;
const host = "k3f9ab-3000.localhost:7789";

function link(more: { path?: string; lifetimeMs?: number } = {}): URL {
  return new URL(
    signPreviewLink({ key, previewPort: 7789, ...target, path: more.path ?? "/", nowMs, ...more }),
  );
}

test("a link names one port of one task and opens it until it expires", () => {
  expect(link({ path: "/a b?x=1" }).host).toBe(host);
  expect(verifyPreviewLink(key, link(), nowMs)).toEqual(target);
  expect(verifyPreviewLink(key, link({ lifetimeMs: 1_000 }), nowMs + 2_000)).toBeUndefined();
  expect(verifyPreviewLink(randomBytes(32), link(), nowMs)).toBeUndefined();
  const moved = link();
  moved.host = "k3f9ab-3001.localhost:7789";
  expect(verifyPreviewLink(key, moved, nowMs)).toBeUndefined();
});

test("a path cannot turn the link to another host", () => {
  for (const path of ["//evil.example/x", "\\\\evil.example", "http://evil.example/"]) {
    expect(link({ path }).host).toBe(host);
  }
});

test("a link is no cookie, and a cookie no link", () => {
  const token = signPreview(key, "link", target, nowMs + 1_000);
  expect(verifyPreview(key, "link", target, token, nowMs)).toBe(true);
  expect(verifyPreview(key, "cookie", target, token, nowMs)).toBe(false);
  for (const bad of ["", ".", `${token}x`, `z${token}`, token.replace(".", "..")]) {
    expect(verifyPreview(key, "link", target, bad, nowMs)).toBe(false);
  }
});

test.each([
  ["k3f9ab-3000.localhost:7789", target],
  ["K3F9AB-3000.LOCALHOST", target],
  ["k3f9ab.localhost:7789", undefined],
  ["k3f9ab-99999.localhost", undefined],
  ["x.k3f9ab-3000.localhost", undefined],
  ["127.0.0.1:7789", undefined],
  ["k3f9ab-3000.evil.example", undefined],
])("the host %s names %j", (text, found) => {
  expect(parsePreviewHost(text)).toEqual(found);
});

function access(headers: Record<string, string>, url = "/", isUpgrade = false) {
  return decideAccess({ url, headers: { host, ...headers }, isUpgrade }, key, nowMs);
}

const cookie = `colony_preview=${signPreview(key, "cookie", target, nowMs + 1_000)}`;

test("a link is exchanged for a cookie and a clean address", () => {
  const { pathname, search } = link({ path: "/app?x=1" });
  const entered = access({}, pathname + search);
  expect(entered).toMatchObject({ kind: "enter", location: "/app?x=1" });
  if (entered.kind !== "enter") return;
  expect(entered.setCookie).toMatch(/HttpOnly; SameSite=Lax/);
  const given = entered.setCookie.split(";")[0] ?? "";
  expect(access({ cookie: given })).toMatchObject({ kind: "allowed", target });
});

test("the clean address stays on this host", () => {
  const token = signPreview(key, "link", target, nowMs + 1_000);
  expect(access({}, `//evil.example/?colony_preview=${token}`)).toMatchObject({
    kind: "enter",
    location: "/evil.example/",
  });
});

test("nobody comes in without a cookie of this host", () => {
  expect(access({})).toEqual({ kind: "refused", reason: "notAllowed" });
  expect(access({ cookie: "colony_preview=x.y" })).toMatchObject({ kind: "refused" });
  expect(access({ cookie, host: "k3f9ab-3001.localhost:7789" })).toMatchObject({ kind: "refused" });
  expect(access({ cookie, host: "zzzzzz-3000.localhost:7789" })).toMatchObject({ kind: "refused" });
  expect(access({ cookie, host: "127.0.0.1:7789" })).toEqual({ kind: "refused", reason: "noTask" });
  expect(access({}, "/?colony_preview=bad.token")).toMatchObject({ kind: "refused" });
});

test("a WebSocket of another page is refused", () => {
  expect(access({ cookie, origin: `http://${host}` }, "/", true).kind).toBe("allowed");
  expect(access({ cookie, origin: "http://zzzzzz-3000.localhost:7789" }, "/", true)).toEqual({
    kind: "refused",
    reason: "otherOrigin",
  });
});

test("cookie and token never reach the application, nor its cookies a sibling", () => {
  expect(withoutPreviewCookie(`a=b; ${cookie};c=d`)).toBe("a=b; c=d");
  expect(withoutPreviewCookie(cookie)).toBe("");
  expect(withoutToken("/p?a=1&colony_preview=t.t&b=%20")).toEqual({
    path: "/p?a=1&b=%20",
    token: "t.t",
  });
  expect(withoutToken("/p?colony_preview=%E0%A4%A")).toEqual({ path: "/p", token: "" });
  expect(safeSetCookies(["s=1; Domain=localhost; Path=/", "colony_preview=stolen"])).toEqual([
    "s=1; Path=/",
  ]);
});

test("origins are translated both ways, others stay", () => {
  const ours = `http://${host}`;
  expect(toInside(`${ours}/x`, ours, 3000)).toBe("http://localhost:3000/x");
  expect(toInside(`${ours}0/x`, ours, 3000)).toBe(`${ours}0/x`);
  expect(toOutside("http://127.0.0.1:3000/x", ours, 3000)).toBe(`${ours}/x`);
  expect(toOutside("http://localhost:30001/x", ours, 3000)).toBe("http://localhost:30001/x");
  expect(toOutside("https://other.example/", ours, 3000)).toBe("https://other.example/");
});

const html = "<!doctype html><title> A &amp; B\n\u202e</title><body>x";

test.each([
  [{ status: 200, contentType: "text/html; charset=utf-8", head: html }, { title: "A & B" }],
  [{ status: 200, contentType: "TEXT/HTML", head: "<div id=root></div>" }, { title: "" }],
  [{ status: 200, contentType: "application/json", head: "{}" }, undefined],
  [{ status: 200, contentType: "text/plain", head: html }, undefined],
  [{ status: 500, contentType: "text/html", head: html }, undefined],
  [{ status: 404, contentType: "text/html", head: html }, undefined],
  [{ status: 200, contentType: "text/html", head: "WebSockets request was expected" }, undefined],
  [{ status: 302, contentType: "text/html", head: html }, undefined],
])("%j is the page %j", (answer, page) => {
  expect(decidePage(answer)).toEqual(page);
});

test("a redirect is followed on the same server only", () => {
  const answer = { status: 302, contentType: "", head: "" };
  expect(redirectPath({ ...answer, location: "/login?x" }, 3000)).toBe("/login?x");
  expect(redirectPath({ ...answer, location: "http://localhost:3000/a" }, 3000)).toBe("/a");
  expect(redirectPath({ ...answer, location: "https://sso.example/" }, 3000)).toBeUndefined();
  expect(redirectPath({ ...answer, location: "//evil.example" }, 3000)).toBeUndefined();
  expect(redirectPath({ ...answer, status: 200, location: "/x" }, 3000)).toBeUndefined();
});

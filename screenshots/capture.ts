import type { BrowserContext, HTTPResponse, Page } from "puppeteer";
import { decideArrival } from "./arrival.ts";
import type { WarmBrowser } from "./browser.ts";
import { settledWithin, within } from "./deadline.ts";
import { freeze } from "./freeze.ts";
import { cutText, type PageWatch, watchPage } from "./page-watch.ts";
import {
  type Capture,
  CaptureError,
  type CaptureRequest,
  type FailedRequest,
  type Shot,
  type Viewport,
} from "./protocol.ts";
import { openTaskProxy, type TaskProxy } from "./proxy.ts";
import { settle } from "./settle.ts";
import { maxPageHeight, shoot } from "./shoot.ts";

const CLOSE_CONTEXT_MS = 2_000;
const MAX_TITLE = 200;
const MAX_TOLD = 50;

interface Looked {
  readonly shot: Shot;
  readonly title: string;
  readonly url: string;
  readonly status: number;
  readonly watch: PageWatch;
  readonly settled: boolean;
}

/** Takes the pictures of one request in a browser context of its own. */
export async function capture(
  warm: WarmBrowser,
  request: CaptureRequest,
  signal: AbortSignal,
): Promise<Capture> {
  const url = pageUrl(request);
  const untilMs = Date.now() + request.deadlineMs;
  await using proxy = await openTaskProxy(request.dialerPath);
  await using lease = await within(warm.lease(), signal);
  try {
    const context = await within(
      lease.browser.createBrowserContext({
        proxyServer: proxy.url,
        proxyBypassList: ["<-loopback>"],
        downloadBehavior: { policy: "deny" },
      }),
      signal,
    );
    const looked: Looked[] = [];
    try {
      for (const viewport of request.viewports) {
        looked.push(await look(context, proxy, url, viewport, { untilMs, signal }));
      }
    } finally {
      const closed = await settledWithin(context.close(), CLOSE_CONTEXT_MS);
      if (!closed || signal.aborted) lease.condemn("a page does not let go");
    }
    return gather(looked);
  } catch (error) {
    if (signal.aborted) throw signal.reason;
    if (error instanceof CaptureError) throw error;
    if (!lease.browser.connected) {
      throw new CaptureError("browser-died", "The browser for pictures died.", { cause: error });
    }
    throw new CaptureError("internal", "The picture could not be taken.", { cause: error });
  }
}

async function look(
  context: BrowserContext,
  proxy: TaskProxy,
  url: string,
  viewport: Viewport,
  bounds: { readonly untilMs: number; readonly signal: AbortSignal },
): Promise<Looked> {
  const { signal } = bounds;
  const page = await within(context.newPage(), signal);
  const crashed = new AbortController();
  page.on("error", (error) =>
    crashed.abort(new CaptureError("page-crashed", "The page crashed.", { cause: error })),
  );
  const either = AbortSignal.any([signal, crashed.signal]);
  const watch = watchPage(page, proxy);
  const product = userAgent(await within(context.browser().userAgent(), either), viewport);
  await within(prepare(page, viewport, product), either);
  const response = await open(page, url, either).catch((error) => {
    if (either.aborted) throw either.reason;
    throw decideArrival(url, watch.lastNavigation(), proxy) ?? error;
  });
  const settled = await settle(page, watch, {
    untilMs: bounds.untilMs,
    maxHeight: maxPageHeight(viewport),
    signal: either,
  });
  const astray = decideArrival(url, watch.lastNavigation(), proxy);
  if (astray) throw astray;
  await freeze(page, either);
  const shot = await shoot(page, viewport, either);
  const title = await within(page.title(), either);
  const looked = { shot, title, url: page.url(), status: response.status(), watch, settled };
  await within(page.close(), either);
  return looked;
}

/** What an ordinary browser on such a screen says of itself: some pages refuse a headless one. */
export function userAgent(headless: string, viewport: Pick<Viewport, "isMobile">): string {
  const desktop = headless.replace("HeadlessChrome", "Chrome");
  if (!viewport.isMobile) return desktop;
  return desktop
    .replace(/\([^)]*\)/, "(Linux; Android 10; K)")
    .replace(/ Safari\//, " Mobile Safari/");
}

async function prepare(page: Page, viewport: Viewport, product: string): Promise<void> {
  const { width, height, deviceScaleFactor, isMobile } = viewport;
  await Promise.all([
    page.setViewport({ width, height, deviceScaleFactor, isMobile, hasTouch: isMobile }),
    page.setUserAgent({ userAgent: product }),
    page.emulateMediaFeatures([{ name: "prefers-reduced-motion", value: "reduce" }]),
  ]);
}

async function open(page: Page, url: string, signal: AbortSignal): Promise<HTTPResponse> {
  const response = await within(
    page.goto(url, { waitUntil: "domcontentloaded", timeout: 0 }),
    signal,
  );
  if (!response) throw new CaptureError("no-answer", `${url} gave no page.`);
  return response;
}

/** The address as the page sees it. */
export function pageUrl(request: Pick<CaptureRequest, "port" | "path">): string {
  const origin = `http://localhost:${request.port}`;
  const url = URL.parse(request.path, origin);
  if (!url || url.origin !== new URL(origin).origin) {
    throw new CaptureError("bad-request", `${request.path} is not a path of ${origin}.`);
  }
  return url.href;
}

function gather(looked: readonly Looked[]): Capture {
  const [first] = looked;
  if (!first) throw new CaptureError("bad-request", "No viewport was asked for.");
  const failed = new Map<string, FailedRequest>();
  for (const { watch } of looked) {
    for (const entry of watch.failedRequests()) failed.set(`${entry.method} ${entry.url}`, entry);
  }
  const remarks = new Set(looked.flatMap(({ watch }) => watch.remarks()));
  if (looked.some(({ settled }) => !settled)) {
    remarks.add("The page was still loading when the picture was taken.");
  }
  return {
    shots: looked.map(({ shot }) => shot),
    title: cutText(first.title, MAX_TITLE),
    url: cutText(first.url),
    status: first.status,
    consoleErrors: [...new Set(looked.flatMap(({ watch }) => watch.consoleErrors()))].slice(
      0,
      MAX_TOLD,
    ),
    failedRequests: [...failed.values()].slice(0, MAX_TOLD),
    remarks: [...remarks],
  };
}

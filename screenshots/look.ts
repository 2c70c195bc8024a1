import type { BrowserContext, Page } from "puppeteer";
import { decideArrival } from "./arrival.ts";
import { settledWithin, within } from "./deadline.ts";
import { freeze } from "./freeze.ts";
import { type PageWatch, watchPage } from "./page-watch.ts";
import { CaptureError, type Shot, type Viewport } from "./protocol.ts";
import type { TaskProxy } from "./proxy.ts";
import { settle } from "./settle.ts";
import { maxPageHeight, shoot } from "./shoot.ts";

/** A document that comes in drips is taken as far as it has come after this. */
const DOCUMENT_MS = 6_000;
/** Least time left for the rest. */
const RESERVE_MS = 2_500;
const PROBE_MS = 500;

/** One viewport's part of a capture. */
export interface Look {
  readonly shot: Shot;
  readonly title: string;
  readonly url: string;
  readonly status: number;
  readonly watch: PageWatch;
  readonly settled: boolean;
}

/** Opens the page on one screen, waits until it looks finished, holds it still, takes it. */
export async function look(
  context: BrowserContext,
  proxy: TaskProxy,
  url: string,
  viewport: Viewport,
  bounds: { readonly untilMs: number; readonly signal: AbortSignal },
): Promise<Look> {
  const page = await within(context.newPage(), bounds.signal);
  const crashed = new AbortController();
  page.on("error", (cause) =>
    crashed.abort(new CaptureError("page-crashed", `${url} crashed the browser's tab.`, { cause })),
  );
  const signal = AbortSignal.any([bounds.signal, crashed.signal]);
  const watch = watchPage(page, proxy);
  const headless = await within(context.browser().userAgent(), signal);
  await within(prepare(page, viewport, headless), signal);
  const going = page.goto(url, { waitUntil: "domcontentloaded", timeout: 0 });
  let whole: boolean;
  try {
    whole = await waitForDocument(going, watch, { ...bounds, signal });
  } catch (error) {
    if (signal.aborted) throw signal.reason;
    if (!context.browser().connected) throw error;
    const last = watch.lastNavigation();
    // The browser's word may reach us by the failed call before it does by the request's event.
    const word = networkError(error);
    const navigation = last && word ? { errorText: word, ...last } : last;
    throw decideArrival(url, navigation, proxy) ?? error;
  }
  const maxHeight = maxPageHeight(viewport);
  const settled = await settle(page, watch, { untilMs: bounds.untilMs, maxHeight, signal });
  const astray = decideArrival(url, watch.lastNavigation(), proxy);
  if (astray) throw astray;
  await freeze(page, signal);
  const shot = await shoot(page, viewport, signal);
  const title = await within(page.evaluate(readTitle), signal);
  const status = watch.lastNavigation()?.status ?? 0;
  const result = { shot, title, url: page.url(), status, watch, settled: settled && whole };
  await within(page.close(), signal);
  return result;
}

/** Runs in the page, which may have made its title as long as it likes. */
function readTitle(): string {
  return String(document.title).slice(0, 300);
}

function networkError(error: unknown): string | undefined {
  return error instanceof Error ? /net::ERR_\w+/.exec(error.message)?.[0] : undefined;
}

/** Whether a page still answers; one that loops for ever does not. */
export async function answers(page: Page): Promise<boolean> {
  return settledWithin(page.evaluate("1"), PROBE_MS);
}

/** Answers whether the document is all there; false while it still comes in. */
async function waitForDocument(
  going: Promise<unknown>,
  watch: PageWatch,
  bounds: { readonly untilMs: number; readonly signal: AbortSignal },
): Promise<boolean> {
  const boundMs = Math.min(DOCUMENT_MS, bounds.untilMs - Date.now() - RESERVE_MS);
  if (await settledWithin(within(going, bounds.signal), Math.max(0, boundMs))) {
    await within(going, bounds.signal);
    return true;
  }
  if (watch.lastNavigation()?.status !== undefined) return false;
  await within(going, bounds.signal);
  return true;
}

/** What an ordinary browser on such a screen says of itself: some pages refuse a headless one. */
export function userAgent(headless: string, viewport: Pick<Viewport, "isMobile">): string {
  const desktop = headless.replace("HeadlessChrome", "Chrome");
  if (!viewport.isMobile) return desktop;
  return desktop
    .replace(/\([^)]*\)/, "(Linux; Android 10; K)")
    .replace(/ Safari\//, " Mobile Safari/");
}

/** Makes a tab into one on that screen; `headless` is what the browser says of itself. */
export async function prepare(page: Page, viewport: Viewport, headless: string): Promise<void> {
  const { width, height, deviceScaleFactor, isMobile } = viewport;
  await Promise.all([
    page.setViewport({ width, height, deviceScaleFactor, isMobile, hasTouch: isMobile }),
    page.setUserAgent({ userAgent: userAgent(headless, viewport) }),
    page.emulateMediaFeatures([{ name: "prefers-reduced-motion", value: "reduce" }]),
  ]);
}

import type { Page } from "puppeteer";
import { pause, settledWithin, within } from "./deadline.ts";
import type { PageWatch } from "./page-watch.ts";

/** Network silence that counts as settled. */
const QUIET_MS = 250;
const POLL_MS = 50;
/** So long without a change of the document; one that never rests is not waited for longer. */
const STILL_MS = 200;
const MOVING_MS = 1_500;
/** Longest wait after the document is there. */
const SETTLE_MS = 5_000;
/** Least time left for the picture itself. */
const RESERVE_MS = 2_000;

/**
 * Waits until the page looks finished: loaded, fonts and images there, network quiet, document still. Not the
 * browser's own idle event: it never comes with server-sent events or long polls.
 * Answers whether it did; false means that the picture shows a page still at work.
 */
export async function settle(
  page: Page,
  watch: PageWatch,
  options: { readonly untilMs: number; readonly maxHeight: number; readonly signal: AbortSignal },
): Promise<boolean> {
  const { signal } = options;
  const endMs = Math.min(Date.now() + SETTLE_MS, options.untilMs - RESERVE_MS);
  const remaining = () => Math.max(0, endMs - Date.now());
  let complete = await settledWithin(within(page.evaluate(waitForLoad), signal), remaining());
  complete &&= await settledWithin(
    within(page.evaluate(showAll, options.maxHeight), signal),
    remaining(),
  );
  const still = settledWithin(
    within(page.evaluate(waitForStillness, STILL_MS, MOVING_MS), signal),
    remaining(),
  );
  while (watch.quietMs(Date.now()) < QUIET_MS && remaining() > 0) await pause(POLL_MS, signal);
  complete &&= watch.quietMs(Date.now()) >= QUIET_MS;
  complete &&= await still;
  complete &&= await settledWithin(within(page.evaluate(waitForLooks), signal), remaining());
  signal.throwIfAborted();
  return complete;
}

/** Runs in the page. */
async function waitForLoad(): Promise<void> {
  if (document.readyState === "complete") return;
  await new Promise((resolve) => addEventListener("load", resolve, { once: true }));
}

/** Runs in the page: scrolls through, so that what loads when it is seen does load. */
async function showAll(maxHeight: number): Promise<void> {
  const height = Math.min(document.documentElement.scrollHeight, maxHeight);
  for (let y = innerHeight; y < height; y += innerHeight) {
    scrollTo({ top: y, behavior: "instant" });
    await new Promise((resolve) => requestAnimationFrame(resolve));
  }
  scrollTo({ top: 0, behavior: "instant" });
}

/** Runs in the page: what comes over a socket is no request, but it changes the document. */
async function waitForStillness(stillMs: number, boundMs: number): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  let timer = setTimeout(resolve, stillMs);
  const observer = new MutationObserver(() => {
    clearTimeout(timer);
    timer = setTimeout(resolve, stillMs);
  });
  observer.observe(document, { subtree: true, childList: true, characterData: true });
  const bound = setTimeout(resolve, boundMs);
  await promise;
  observer.disconnect();
  clearTimeout(bound);
}

/** Runs in the page. */
async function waitForLooks(): Promise<void> {
  await document.fonts.ready;
  const images = [...document.images].slice(0, 500).filter((image) => image.currentSrc !== "");
  await Promise.all(images.map((image) => image.decode().catch(() => {})));
  for (let i = 0; i < 2; i++) await new Promise((resolve) => requestAnimationFrame(resolve));
}

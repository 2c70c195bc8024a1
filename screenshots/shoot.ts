import type { Page } from "puppeteer";
import { within } from "./deadline.ts";
import type { Shot, Viewport } from "./protocol.ts";

export const MAX_PNG_BYTES = 5_000_000;
/** Taller pages are cut: nobody reads such a picture, and the compositor has its limits. */
const MAX_SCREENS = 5;
const MAX_PIXEL_HEIGHT = 12_000;
const MAX_TRIES = 5;

/** CSS pixels of a page that a picture may show. */
export function maxPageHeight(viewport: Viewport): number {
  const limit = Math.floor(MAX_PIXEL_HEIGHT / viewport.deviceScaleFactor);
  return Math.min(viewport.height * MAX_SCREENS, limit);
}

/** The next height to try when a picture came out too large. */
export function smallerHeight(height: number, bytes: number): number {
  return Math.max(50, Math.floor((height * 0.9 * MAX_PNG_BYTES) / bytes));
}

/** Takes the picture of a page that holds still: all of it, as far as the bounds go. */
export async function shoot(page: Page, viewport: Viewport, signal: AbortSignal): Promise<Shot> {
  const contentHeight = await within(page.evaluate(readHeight), signal);
  let height = Math.max(viewport.height, Math.min(contentHeight, maxPageHeight(viewport)));
  for (let tries = 1; ; tries++) {
    // Not by a CDP session of our own: the screen that is emulated is a matter of each session.
    const bytes = await within(
      page.screenshot({
        clip: { x: 0, y: 0, width: viewport.width, height },
        captureBeyondViewport: height > viewport.height,
      }),
      signal,
    );
    const png = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    if (png.length <= MAX_PNG_BYTES || tries === MAX_TRIES) {
      return { viewport: viewport.name, png, ...pngSize(png), cut: contentHeight > height };
    }
    height = smallerHeight(height, png.length);
  }
}

/** Runs in the page. */
function readHeight(): number {
  const heights = [document.documentElement.scrollHeight, document.body?.scrollHeight ?? 0];
  return Math.ceil(Math.max(...heights));
}

/** Reads width and height from the picture's own header. */
export function pngSize(png: Buffer): { readonly width: number; readonly height: number } {
  return { width: png.readUInt32BE(16), height: png.readUInt32BE(20) };
}

import type { Frame, Page } from "puppeteer";
import { within } from "./deadline.ts";

const MAX_FRAMES = 20;

/** Makes a page hold still, so that the same page gives the same pixels. */
export async function freeze(page: Page, signal: AbortSignal): Promise<void> {
  const frames = page.frames().slice(0, MAX_FRAMES);
  await within(Promise.all(frames.map(freezeFrame)), signal);
  // From here on neither timers nor frame callbacks of the page run; ours still do.
  await within(page.setJavaScriptEnabled(false), signal);
}

async function freezeFrame(frame: Frame): Promise<void> {
  // A frame may go away at any time.
  await frame.evaluate(holdStill).catch(() => {});
}

/** Runs in the page. */
function holdStill(): void {
  const roots: (Document | ShadowRoot)[] = [document];
  for (let i = 0; i < roots.length && i < 1000; i++) {
    for (const element of roots[i]!.querySelectorAll("*")) {
      if (element.shadowRoot) roots.push(element.shadowRoot);
    }
  }
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(`*, *::before, *::after {
    caret-color: transparent !important;
    transition: none !important;
    scroll-behavior: auto !important;
  }`);
  for (const root of roots) {
    root.adoptedStyleSheets = [...root.adoptedStyleSheets, sheet];
    for (const animation of root.getAnimations()) {
      const timing = animation.effect?.getComputedTiming();
      const endless = timing?.endTime === Number.POSITIVE_INFINITY;
      try {
        if (endless || animation.playbackRate === 0) {
          animation.pause();
          animation.currentTime = 0;
        } else animation.finish();
      } catch {
        animation.cancel();
      }
    }
    for (const media of root.querySelectorAll<HTMLMediaElement>("video, audio")) {
      media.pause();
      media.autoplay = false;
      if (media.seekable.length > 0 && media.currentTime !== 0) media.currentTime = 0;
    }
    for (const drawing of root.querySelectorAll("svg")) {
      drawing.pauseAnimations();
      drawing.setCurrentTime(0);
    }
  }
}

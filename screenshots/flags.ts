import { accessSync, constants } from "node:fs";

/** Real programs only: the wrappers in /usr/bin read the user's flags and outlive a kill. */
const PROGRAMS = [
  "/usr/lib/chromium/chromium-headless-shell",
  "/usr/lib/chromium/headless_shell",
  "/opt/google/chrome/chrome-headless-shell",
];

/** Path of the headless browser, or undefined when the package is missing. */
export function findChromium(): string | undefined {
  return PROGRAMS.find((path) => {
    try {
      accessSync(path, constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}

/** Beside puppeteer's own: silence, and the same pixels each time. */
export const chromiumFlags: readonly string[] = [
  // Silence.
  "--disable-component-update",
  "--disable-domain-reliability",
  "--no-pings",
  "--no-default-browser-check",
  "--disable-quic",
  "--disable-features=DialMediaRouteProvider,InterestFeedContentSuggestions,Prerender2,HttpsUpgrades,LocalNetworkAccessChecks",
  // The same pixels each time.
  "--disable-partial-raster",
  "--disable-skia-runtime-opts",
  "--disable-checker-imaging",
  "--disable-lcd-text",
  "--disable-font-subpixel-positioning",
  "--font-render-hinting=none",
  "--run-all-compositor-stages-before-draw",
  "--disable-threaded-animation",
  "--disable-threaded-scrolling",
  "--blink-settings=imageAnimationPolicy=2",
  "--lang=en-US",
];

/** For pages that nobody trusts: no way around the proxy, no second window, bounded scripts. */
export const captureFlags: readonly string[] = [
  ...chromiumFlags,
  "--force-webrtc-ip-handling-policy=disable_non_proxied_udp",
  "--block-new-web-contents",
  "--deny-permission-prompts",
  "--js-flags=--max-old-space-size=768",
];

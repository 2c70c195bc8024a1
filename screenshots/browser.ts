import type { Browser } from "puppeteer";
import { captureFlags } from "./flags.ts";
import { closeChromium, type LaunchedChromium, launchChromium } from "./launch.ts";
import { CaptureError } from "./protocol.ts";

/** The right to use the warm browser for one capture. */
export interface BrowserLease extends AsyncDisposable {
  readonly browser: Browser;
  /** Not to be used again: it hangs, or has grown. */
  condemn(why: string): void;
}

/** One browser kept open, and replaced when it dies, hangs, grows, or has served long enough. */
export interface WarmBrowser extends AsyncDisposable {
  /** Starts it before it is needed: a start costs ten times a picture. */
  warmUp(): Promise<void>;
  lease(): Promise<BrowserLease>;
  /** Whether a capture is under way. */
  busy(): boolean;
  /** Condemns the browser of the moment; its captures end first. */
  retire(why: string): void;
}

interface Opened extends LaunchedChromium {
  captures: number;
  active: number;
  condemned: boolean;
}

/** Opens the browser lazily: the first lease starts it, and each end starts the next. */
export function openWarmBrowser(options: {
  readonly program: string;
  readonly folder: string;
  /** After that many it is replaced: browsers grow. */
  readonly maxCaptures: number;
  readonly log: (line: string) => void;
}): WarmBrowser {
  let current: Promise<Opened> | undefined;
  const closing = new Set<Promise<void>>();
  let ended = false;
  let leases = 0;

  const open = async (): Promise<Opened> => {
    const { program, folder } = options;
    const { browser, profile } = await launchChromium({ program, folder, flags: captureFlags });
    const opened = { browser, profile, captures: 0, active: 0, condemned: false };
    browser.on("disconnected", () => end(opened, "it died"));
    return opened;
  };
  const end = (opened: Opened, why: string) => {
    if (!opened.condemned) {
      options.log(`browser ${opened.browser.process()?.pid} ends: ${why}`);
      opened.condemned = true;
      // One that was of no use is not followed at once by the next: it might be of none either.
      current = ended || opened.captures === 0 ? undefined : open();
      current?.catch(() => {});
    }
    if (opened.active > 0 && opened.browser.connected) return;
    const closed = closeChromium(opened).finally(() => closing.delete(closed));
    closing.add(closed);
  };
  const take = async (): Promise<Opened> => {
    if (ended) throw new CaptureError("browser-died", "The browser for pictures is closed.");
    current ??= open();
    const mine = current;
    const opened = await mine.catch((error) => {
      if (current === mine) current = undefined;
      throw error;
    });
    return opened.condemned ? take() : opened;
  };

  return {
    async warmUp() {
      await take();
    },
    async lease() {
      const opened = await take();
      opened.active++;
      opened.captures++;
      leases++;
      let why: string | undefined;
      return {
        browser: opened.browser,
        condemn: (reason) => {
          why ??= reason;
        },
        async [Symbol.asyncDispose]() {
          opened.active--;
          leases--;
          if (opened.captures >= options.maxCaptures) why ??= `${opened.captures} captures`;
          if (why !== undefined || opened.condemned) end(opened, why ?? "");
        },
      };
    },
    busy: () => leases > 0,
    retire(why) {
      current?.then(
        (opened) => end(opened, why),
        () => {},
      );
    },
    async [Symbol.asyncDispose]() {
      ended = true;
      const opened = await current?.catch(() => undefined);
      if (opened) {
        opened.active = 0;
        end(opened, "the service ends");
      }
      await Promise.all(closing);
    },
  };
}

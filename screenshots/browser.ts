import { mkdtemp, rm } from "node:fs/promises";
import { join } from "node:path";
import puppeteer, { type Browser } from "puppeteer";
import { settledWithin } from "./deadline.ts";
import { chromiumFlags } from "./flags.ts";
import { CaptureError } from "./protocol.ts";

const LAUNCH_TIMEOUT_MS = 20_000;
const CLOSE_TIMEOUT_MS = 3_000;

/** The right to use the warm browser for one capture. */
export interface BrowserLease extends AsyncDisposable {
  readonly browser: Browser;
  /** Not to be used again: it hangs, or has grown. */
  condemn(why: string): void;
}

/** One browser kept open, and replaced when it dies, hangs, grows, or has served long enough. */
export interface WarmBrowser extends AsyncDisposable {
  lease(): Promise<BrowserLease>;
  /** Whether a capture is under way. */
  busy(): boolean;
  /** Condemns the browser of the moment; with `now`, it is killed under its captures. */
  retire(why: string, options?: { readonly now: boolean }): void;
}

interface Opened {
  readonly browser: Browser;
  readonly profile: string;
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
    const profile = await mkdtemp(join(options.folder, "profile-"));
    try {
      const browser = await puppeteer.launch({
        executablePath: options.program,
        headless: "shell",
        pipe: true,
        userDataDir: profile,
        args: [...chromiumFlags],
        env: {
          HOME: profile,
          TMPDIR: options.folder,
          LANG: "C.UTF-8",
          TZ: "UTC",
          PATH: "/usr/bin",
        },
        timeout: LAUNCH_TIMEOUT_MS,
        protocolTimeout: 300_000,
        handleSIGHUP: false,
        handleSIGINT: false,
        handleSIGTERM: false,
      });
      const opened = { browser, profile, captures: 0, active: 0, condemned: false };
      browser.on("disconnected", () => end(opened, "it died"));
      return opened;
    } catch (error) {
      await rm(profile, { recursive: true, force: true });
      throw new CaptureError("browser-died", "The browser for pictures does not start.", {
        cause: error,
      });
    }
  };
  const end = (opened: Opened, why: string) => {
    if (!opened.condemned) {
      options.log(`browser ${opened.browser.process()?.pid} ends: ${why}`);
      opened.condemned = true;
      current = undefined;
    }
    if (opened.active > 0 && opened.browser.connected) return;
    const closed = closeBrowser(opened).finally(() => closing.delete(closed));
    closing.add(closed);
  };

  return {
    async lease() {
      if (ended) throw new CaptureError("browser-died", "The browser for pictures is closed.");
      current ??= open();
      const mine = current;
      const opened = await mine.catch((error) => {
        if (current === mine) current = undefined;
        throw error;
      });
      if (opened.condemned) return this.lease();
      opened.active++;
      leases++;
      opened.captures++;
      let condemned: string | undefined;
      return {
        browser: opened.browser,
        condemn: (why) => {
          condemned = why;
        },
        async [Symbol.asyncDispose]() {
          opened.active--;
          leases--;
          if (opened.captures >= options.maxCaptures)
            condemned ??= `${options.maxCaptures} captures`;
          if (condemned !== undefined || opened.condemned) end(opened, condemned ?? "");
        },
      };
    },
    busy: () => leases > 0,
    retire(why, { now } = { now: false }) {
      current?.then(
        (opened) => {
          end(opened, why);
          if (now) opened.browser.process()?.kill("SIGKILL");
        },
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

async function closeBrowser({ browser, profile }: Opened): Promise<void> {
  const child = browser.process();
  if (!(await settledWithin(browser.close(), CLOSE_TIMEOUT_MS))) child?.kill("SIGKILL");
  await rm(profile, { recursive: true, force: true, maxRetries: 3 });
}

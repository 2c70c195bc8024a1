import { chmod, mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Browser, Page } from "puppeteer";
import { chromiumFlags, findChromium } from "./flags.ts";
import { freeze } from "./freeze.ts";
import { closeChromium, launchChromium } from "./launch.ts";
import { prepare } from "./look.ts";
import { watchPage } from "./page-watch.ts";
import { CaptureError, DESKTOP, PHONE, type Shot } from "./protocol.ts";
import { settle } from "./settle.ts";
import { shoot } from "./shoot.ts";

const LOOK_MS = 20_000;

/** A browser as a person has one, with the host's network: for pages that are ours. */
export interface Person extends AsyncDisposable {
  readonly browser: Browser;
  /** Pictures of an address at desktop and phone width. */
  look(url: string): Promise<readonly Shot[]>;
  /** A tab with that address, to be driven. */
  open(url: string): Promise<Page>;
}

/** Opens it, and signs in if given a link: the button of that page is pressed, as a person would. */
export async function openPerson(
  options: { readonly signInUrl?: string; readonly user?: string } = {},
): Promise<Person> {
  const program = findChromium();
  if (!program) {
    throw new CaptureError("browser-died", "The package chromium-headless-shell is not installed.");
  }
  await using opening = new AsyncDisposableStack();
  const folder = await mkdtemp(join(tmpdir(), "colony-person-"));
  opening.defer(() => rm(folder, { recursive: true, force: true, maxRetries: 5 }));
  await chmod(folder, 0o711);
  // Chromium's sandbox is not to be had as root.
  const user = process.getuid?.() === 0 ? await readUser(options.user ?? "colony") : undefined;
  const flags = [...chromiumFlags, "--no-proxy-server"];
  const launched = await launchChromium({ program, folder, flags, ...(user ? { user } : {}) });
  opening.defer(() => closeChromium(launched));
  const { browser } = launched;
  const open = async (url: string) => {
    const page = await browser.newPage();
    await prepare(page, DESKTOP, await browser.userAgent());
    await page.goto(url, { waitUntil: "domcontentloaded", timeout: LOOK_MS });
    return page;
  };
  if (options.signInUrl !== undefined) await signIn(await open(options.signInUrl));
  const owned = opening.move();
  return {
    browser,
    open,
    look: (url) => lookAsPerson(browser, url),
    [Symbol.asyncDispose]: () => owned[Symbol.asyncDispose](),
  };
}

async function signIn(page: Page): Promise<void> {
  const gone = page.waitForNavigation({ waitUntil: "domcontentloaded", timeout: LOOK_MS });
  await Promise.all([gone, page.click("form button")]);
  await page.close();
}

async function lookAsPerson(browser: Browser, url: string): Promise<readonly Shot[]> {
  const shots: Shot[] = [];
  for (const viewport of [DESKTOP, PHONE]) {
    const signal = AbortSignal.timeout(LOOK_MS);
    const page = await browser.newPage();
    try {
      const watch = watchPage(page, { refusal: () => undefined });
      await prepare(page, viewport, await browser.userAgent());
      await page.goto(url, { waitUntil: "domcontentloaded", timeout: LOOK_MS });
      const untilMs = Date.now() + LOOK_MS;
      await settle(page, watch, { untilMs, maxHeight: viewport.height, signal });
      await freeze(page, signal);
      shots.push(await shoot(page, viewport, signal));
    } finally {
      await page.close();
    }
  }
  return shots;
}

async function readUser(name: string): Promise<{ readonly uid: number; readonly gid: number }> {
  const users = (await readFile("/etc/passwd", "utf8")).split("\n").map((line) => line.split(":"));
  const found = users.find(([user]) => user === name);
  if (!found) throw new CaptureError("browser-died", `There is no user ${name} on this host.`);
  return { uid: Number(found[2]), gid: Number(found[3]) };
}

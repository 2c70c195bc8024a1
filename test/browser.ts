import type { Page } from "puppeteer";
import { openPerson } from "../screenshots/screenshots.ts";

const PATIENCE_MS = 30_000;

/** A real Chromium as a person has one, to drive the local chat page. */
export interface TestBrowser extends AsyncDisposable {
  /** A tab with that address. What goes wrong in it is collected in `errors`. */
  open(url: string): Promise<Page>;
  /** Console errors, exceptions and answers of 400 and above, of every tab; empty on a good page. */
  readonly errors: readonly string[];
}

/** Opens the browser and signs in by pressing the button behind the one-time link. */
export async function openBrowser(options: { readonly signInUrl?: string }): Promise<TestBrowser> {
  const person = await openPerson(options);
  const errors: string[] = [];
  const listen = (page: Page) => {
    page.on("console", (message) => {
      if (message.type() === "error") errors.push(message.text());
    });
    page.on("pageerror", (error) => errors.push(String(error)));
    page.on("response", (response) => {
      if (response.status() >= 400) errors.push(`${response.status()} ${response.url()}`);
    });
  };
  return {
    errors,
    async open(url) {
      const page = await person.browser.newPage();
      listen(page);
      await page.setViewport({ width: 1280, height: 800 });
      await page.goto(url, { waitUntil: "domcontentloaded", timeout: PATIENCE_MS });
      return page;
    },
    [Symbol.asyncDispose]: () => person[Symbol.asyncDispose](),
  };
}

/** Waits until the page shows a text; the failure says what it shows instead. */
export async function waitForText(page: Page, text: string | RegExp): Promise<void> {
  const source = typeof text === "string" ? undefined : text.source;
  const wanted = typeof text === "string" ? text : text.flags;
  try {
    await page.waitForFunction(
      (pattern: string | undefined, rest: string) => {
        // biome-ignore lint/performance/useDomNodeTextContent: what a person sees is wanted
        const shown = document.body.innerText;
        return pattern === undefined ? shown.includes(rest) : new RegExp(pattern, rest).test(shown);
      },
      { timeout: PATIENCE_MS, polling: 200 },
      source,
      wanted,
    );
  } catch (cause) {
    // biome-ignore lint/performance/useDomNodeTextContent: what a person sees is wanted
    const shown = await page.evaluate(() => document.body.innerText.slice(-2000));
    throw new Error(`the page never showed ${text}; it shows:\n${shown}`, { cause });
  }
}

/** Clicks the visible button or link with that name, as a screen reader would name it. */
export async function clickNamed(page: Page, name: string): Promise<void> {
  await page.locator(`::-p-aria([name="${name}"])`).setTimeout(PATIENCE_MS).click();
}

import puppeteer, { type Browser, type Page } from "puppeteer";
import { afterAll, beforeAll, expect, test } from "vitest";
import {
  type BotProcess,
  type Installation,
  openInstallation,
} from "../../integration/bot/installation.ts";
import { PlayedWorker } from "../../integration/bot/played-worker.ts";

let installation: Installation;
let bot: BotProcess;
let browser: Browser;
let page: Page;
let worker: PlayedWorker;
const complaints: string[] = [];

beforeAll(async () => {
  installation = await openInstallation();
  bot = await installation.startBot();
  worker = new PlayedWorker(installation.client);
  browser = await puppeteer.launch({
    executablePath: "/usr/bin/chromium-headless-shell",
    args: ["--no-sandbox"],
    headless: "shell",
  });
  page = await browser.newPage();
  page.on("console", (message) => {
    if (message.type() === "error") complaints.push(message.text());
  });
  page.on("pageerror", (error) => complaints.push(String(error)));
  await page.setViewport({ width: 1280, height: 800 });
});
afterAll(async () => {
  await browser?.close();
  await installation?.[Symbol.asyncDispose]();
});

const sees = (text: string, within = "body") =>
  page.waitForFunction(
    (wanted, selector) => document.querySelector(selector)?.textContent?.includes(wanted) === true,
    {},
    text,
    within,
  );

async function says(text: string): Promise<void> {
  await page.focus(".channel .composer textarea");
  await page.keyboard.type(text);
  await page.keyboard.press("Enter");
}

async function clicks(label: string): Promise<void> {
  await page.waitForFunction(
    (wanted) => {
      const all = [...document.querySelectorAll<HTMLButtonElement>("button")];
      const found = all.find((one) => one.textContent?.trim() === wanted && !one.disabled);
      found?.click();
      return found !== undefined;
    },
    {},
    label,
  );
}

/** The open task, once its thread was opened by `says`. */
async function newestTask(): Promise<string> {
  for (;;) {
    const [task] = await installation.client.tasks();
    if (task !== undefined) return task.id;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

test("the link shows a button, and the button signs in", async () => {
  await page.goto(await installation.signInLink(bot));
  await Promise.all([page.waitForNavigation(), page.click("button")]);
  await sees("Welcome to Colony");
  expect(new URL(page.url()).search).toBe("");
  expect(await page.evaluate(() => document.cookie)).toBe("");
});

test("typing `/` completes by keyboard: arrows, Tab, Esc, Enter", async () => {
  const field = ".channel .composer textarea";
  const typed = () => page.$eval(field, (element) => (element as HTMLTextAreaElement).value);
  await page.focus(field);
  await page.keyboard.type("/");
  await page.waitForSelector("[role=listbox]");
  await page.keyboard.press("ArrowDown");
  await page.keyboard.press("Tab");
  expect(await typed()).toBe("/colony use ");
  await page.keyboard.down("Control");
  await page.keyboard.press("a");
  await page.keyboard.up("Control");
  await page.keyboard.type("/");
  await page.keyboard.press("Escape");
  expect(await page.$("[role=listbox]")).toBeNull();
  await page.keyboard.press("Backspace");
  await says(`/colony use ${installation.shop}`);
  await sees("now works on");
});

test("a thread lives without reload: card, question, pictures, result, merge", async () => {
  await says("/colony run make it warm");
  await page.waitForSelector(".thread-line");
  const id = await newestTask();
  await page.click(".thread-line");
  await sees("Waiting for a free worker", ".thread");
  await worker.start(id);
  await worker.plan(id, { title: "Paint it", status: "in_progress" });
  await sees("Paint it", ".thread");
  const before = await page.$eval(".thread .clock", (clock) => clock.textContent);
  await page.waitForFunction(
    (old) => document.querySelector(".thread .clock")?.textContent !== old,
    {},
    before,
  );
  await worker.ask(id, {
    requestId: "q",
    title: "Serve on port 3000",
    options: [{ id: "y", name: "Allow once", kind: "allow_once" }],
  });
  await clicks("Allow once");
  await sees("said Ada Lovelace", ".thread");
  const png = Buffer.from(await page.screenshot());
  await worker.pictures(id, [{ viewport: "desktop", png }], ["TypeError: x is undefined"]);
  await page.waitForSelector(".thread .picture img");
  await sees("TypeError: x is undefined", ".thread");
  const diff = "diff --git a/a.css b/a.css\n--- a/a.css\n+++ b/a.css\n@@ -1 +1 @@\n-cold\n+warm\n";
  const file = { path: "a.css", status: "modified" as const, added: 1, removed: 1 };
  await worker.finish(id, "It is **warm** now.", await worker.change(diff, "t1", [file]));
  await sees("Ready for review", ".thread");
  expect(await page.$eval(".thread strong:last-of-type", (bold) => bold.tagName)).toBe("STRONG");
  await sees("@Ada Lovelace Ready for review: +1 −1 in 1 file.", ".thread");
  await clicks("Show diff");
  await page.waitForSelector(".thread .diff tr.plus");
  await clicks("Merge");
  await sees("Merging", ".thread");
  await worker.land(id, "9d8c7b6a5f4e");
  await sees("Merged into main as 9d8c7b6a5f4e", ".thread");
  await page.waitForSelector(".channel .thread-line .mark-merged");
});

test("the line leads up to its card, also a second time", async () => {
  await page.setViewport({ width: 1280, height: 420 });
  const isCardSeen = () =>
    page.evaluate(() => {
      const card = document.querySelector(".thread .card")?.getBoundingClientRect();
      const list = document.querySelector(".thread .list")?.getBoundingClientRect();
      return (
        card !== undefined &&
        list !== undefined &&
        card.top >= list.top - 5 &&
        card.top < list.bottom
      );
    });
  for (const _ of ["first", "second"]) {
    await page.$eval(".thread .list", (list) => list.scrollTo({ top: list.scrollHeight }));
    expect(await isCardSeen()).toBe(false);
    await page.click(".thread .message:last-child .to-card");
    await page.waitForFunction(() => document.activeElement?.querySelector(".card") !== null);
    expect(await isCardSeen()).toBe(true);
    await page.evaluate(() => (document.activeElement as HTMLElement).blur());
  }
  await page.setViewport({ width: 1280, height: 800 });
});

test("a picture opens large and Esc closes it", async () => {
  await page.click(".thread .picture");
  await page.waitForSelector("dialog[open] img");
  await page.keyboard.press("Escape");
  await page.waitForFunction(() => document.querySelector("dialog[open]") === null);
  expect(await page.$(".thread")).not.toBeNull();
});

test("what an agent writes is never markup, and its links lead where they say", async () => {
  await says("/colony run be hostile");
  await page.waitForFunction(() => document.querySelectorAll(".thread-line").length === 2);
  const id = await newestTask();
  await worker.start(id);
  const words = [
    "<img src=x onerror=document.title='owned'><script>document.title='owned'</script>",
    "[click](javascript:document.title='owned')",
    "[safe](https://example.org/)",
    "![track](http://example.org/pixel.png)",
  ].join("\n\n");
  await worker.finish(id, words);
  await page.evaluate(() =>
    [...document.querySelectorAll<HTMLElement>(".thread-line")][1]?.click(),
  );
  await sees("onerror", ".thread");
  const found = await page.$eval(".thread", (thread) => ({
    images: thread.querySelectorAll(".text img, script").length,
    links: [...thread.querySelectorAll(".text a")].map((link) => link.getAttribute("href")),
  }));
  expect(found).toEqual({
    images: 0,
    links: ["https://example.org/", "http://example.org/pixel.png"],
  });
  expect(await page.title()).not.toContain("owned");
});

test("an answer comes also after the bot was killed: the page reconnects by itself", async () => {
  const { port } = new URL(bot.address);
  installation.env.PORT = port;
  await bot.kill();
  await sees("Colony does not answer");
  await says("/colony repos");
  await sees("sending…");
  bot = await installation.startBot();
  await sees("used in this channel");
  await page.waitForFunction(() => document.querySelector(".banner") === null);
  expect(await page.$$(".unsent")).toHaveLength(0);
});

test("390 px: nothing is cut off, the thread fills the screen, Close leads back", async () => {
  await page.setViewport({ width: 390, height: 844, isMobile: true, hasTouch: true });
  const widths = () =>
    page.evaluate(() => {
      const widthOf = (selector: string) =>
        document.querySelector(selector)?.getBoundingClientRect().width;
      const page = document.documentElement.scrollWidth;
      return { page, thread: widthOf(".thread"), channel: widthOf(".channel") };
    });
  expect(await widths()).toEqual({ page: 390, thread: 390, channel: 0 });
  await clicks("Close");
  await page.waitForFunction(() => document.querySelector(".thread") === null);
  expect((await widths()).page).toBe(390);
  await page.click(".menu");
  await page.waitForSelector(".with-menu .sidebar a");
});

test("the page never broke its own policy", () => {
  const real = complaints.filter((line) => !/Failed to load resource|ERR_/.test(line));
  expect(real).toEqual([]);
});

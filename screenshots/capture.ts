import type { BrowserContext } from "puppeteer";
import type { BrowserLease, WarmBrowser } from "./browser.ts";
import { settledWithin, within } from "./deadline.ts";
import { answers, type Look, look } from "./look.ts";
import { cutText } from "./page-watch.ts";
import { type Capture, CaptureError, type CaptureRequest, type FailedRequest } from "./protocol.ts";
import { openTaskProxy } from "./proxy.ts";

const CLOSE_CONTEXT_MS = 2_000;
const MAX_TITLE = 200;
const MAX_TOLD = 50;

/** Takes the pictures of one request in a browser context of its own. */
export async function capture(
  warm: WarmBrowser,
  request: CaptureRequest,
  signal: AbortSignal,
): Promise<Capture> {
  const url = pageUrl(request);
  const untilMs = Date.now() + request.deadlineMs;
  await using proxy = await openTaskProxy(request.dialerPath);
  await using lease = await leaseWithin(warm, signal);
  try {
    const context = await within(
      lease.browser.createBrowserContext({
        proxyServer: proxy.url,
        // Without it the browser would look for localhost by itself.
        proxyBypassList: ["<-loopback>"],
        downloadBehavior: { policy: "deny" },
      }),
      signal,
    );
    const looks: Look[] = [];
    try {
      for (const viewport of request.viewports) {
        looks.push(await look(context, proxy, url, viewport, { untilMs, signal }));
      }
    } finally {
      await closeContext(context, lease, signal.aborted);
    }
    return gather(looks);
  } catch (error) {
    if (signal.aborted) throw signal.reason;
    if (error instanceof CaptureError) throw error;
    if (!lease.browser.connected) {
      throw new CaptureError("browser-died", "The browser for pictures died.", { cause: error });
    }
    throw new CaptureError("internal", "The picture could not be taken.", { cause: error });
  }
}

/** The address as the page sees it. */
export function pageUrl(request: Pick<CaptureRequest, "port" | "path">): string {
  const { origin } = new URL(`http://localhost:${request.port}`);
  const url = URL.parse(request.path, origin);
  if (!url || url.origin !== origin) {
    throw new CaptureError("bad-request", `${request.path} is not a path of ${origin}.`);
  }
  return url.href;
}

async function leaseWithin(warm: WarmBrowser, signal: AbortSignal): Promise<BrowserLease> {
  const leasing = warm.lease();
  try {
    return await within(leasing, signal);
  } catch (error) {
    // It may come later, and is not wanted then.
    leasing.then((lease) => lease[Symbol.asyncDispose]()).catch(() => {});
    throw error;
  }
}

/** A page that loops for ever keeps its process after its end: then the browser goes. */
async function closeContext(
  context: BrowserContext,
  lease: BrowserLease,
  wasLate: boolean,
): Promise<void> {
  if (wasLate) {
    const listed = await Promise.race([context.pages(), settledWithin(new Promise(() => {}), 500)]);
    const probes = Array.isArray(listed) ? await Promise.all(listed.map(answers)) : [false];
    if (probes.includes(false)) lease.condemn("a page hangs");
  }
  if (!(await settledWithin(context.close(), CLOSE_CONTEXT_MS))) {
    lease.condemn("a page does not let go");
  }
}

function gather(looks: readonly Look[]): Capture {
  const [first] = looks;
  if (!first) throw new CaptureError("bad-request", "No viewport was asked for.");
  const failed = new Map<string, FailedRequest>();
  for (const { watch } of looks) {
    for (const entry of watch.failedRequests()) failed.set(`${entry.method} ${entry.url}`, entry);
  }
  const remarks = new Set(looks.flatMap(({ watch }) => watch.remarks()));
  if (looks.some(({ settled }) => !settled)) {
    remarks.add("The page was still loading when the picture was taken.");
  }
  const errors = new Set(looks.flatMap(({ watch }) => watch.consoleErrors()));
  return {
    shots: looks.map(({ shot }) => shot),
    title: cutText(first.title, MAX_TITLE),
    url: cutText(first.url),
    status: first.status,
    consoleErrors: [...errors].slice(0, MAX_TOLD),
    failedRequests: [...failed.values()].slice(0, MAX_TOLD),
    remarks: [...remarks],
  };
}

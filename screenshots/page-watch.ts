import type { ConsoleMessage, HTTPRequest, Page } from "puppeteer";
import { renderConsole } from "./console-text.ts";
import type { FailedRequest } from "./protocol.ts";
import { isLoopbackName, type TaskProxy } from "./proxy.ts";

const MAX_ENTRIES = 50;
const MAX_MESSAGES = 1000;
const MAX_TEXT = 500;
/** These never end, or do not matter for what is seen. */
const UNCOUNTED = new Set(["eventsource", "websocket", "ping", "media", "prefetch"]);
/** Longer than this is a long poll. */
const LONG_POLL_MS = 2_500;

/** Where the page as a whole last wanted to go. */
export interface Navigation {
  readonly url: string;
  /** Of the answer, where one came. */
  readonly status: number | undefined;
  /** The browser's word for why it could not. */
  readonly errorText?: string;
}

/** What was noticed in one page; bounded, whatever the page does. */
export interface PageWatch {
  /** Milliseconds since the last request that counts came or went; 0 while one is open. */
  quietMs(nowMs: number): number;
  lastNavigation(): Navigation | undefined;
  consoleErrors(): readonly string[];
  failedRequests(): readonly FailedRequest[];
  remarks(): readonly string[];
}

interface FailureSeen {
  readonly order: number;
  readonly entry: FailedRequest;
}

/** Listens to a page from before its first request. */
export function watchPage(page: Page, proxy: Pick<TaskProxy, "refusal">): PageWatch {
  const open = new Map<HTTPRequest, number>();
  const orders = new WeakMap<HTTPRequest, number>();
  const failures = new Map<string, FailureSeen>();
  const errors: { readonly text: string; readonly echoOf: string | undefined }[] = [];
  const remarks = new Set<string>();
  let requests = 0;
  let navigation: HTTPRequest | undefined;
  let lastActivityMs = Date.now();

  const ended = (request: HTTPRequest) => {
    if (open.delete(request)) lastActivityMs = Date.now();
  };
  const addError = (text: string, echoOf?: string) => {
    if (errors.length < MAX_ENTRIES) errors.push({ text: cutText(text), echoOf });
  };
  const addFailure = (request: HTTPRequest, status: number | undefined, errorText: string) => {
    const entry = describeFailure(request.url(), request.method(), status, errorText, proxy);
    if (!entry || failures.size >= MAX_ENTRIES) return;
    failures.set(`${entry.method} ${entry.url}`, { order: orders.get(request) ?? 0, entry });
  };

  page.on("request", (request) => {
    orders.set(request, requests++);
    if (request.isNavigationRequest() && request.frame() === page.mainFrame()) navigation = request;
    if (UNCOUNTED.has(request.resourceType()) || request.url().startsWith("data:")) return;
    open.set(request, Date.now());
    lastActivityMs = Date.now();
  });
  page.on("requestfinished", ended);
  page.on("requestfailed", (request) => {
    ended(request);
    addFailure(request, undefined, request.failure()?.errorText ?? "failed");
  });
  page.on("response", (response) => {
    if (response.status() >= 400) addFailure(response.request(), response.status(), "");
  });
  let messages = 0;
  const onConsole = (message: ConsoleMessage) => {
    // Each message costs; a page that floods is not listened to any longer.
    if (++messages > MAX_MESSAGES) return void page.off("console", onConsole);
    if (message.type() !== "error" && message.type() !== "assert") return;
    const values = message.args().map((handle) => handle.remoteObject());
    addError(values.length > 0 ? renderConsole(values) : message.text(), echoedUrl(message));
  };
  page.on("console", onConsole);
  page.on("pageerror", (error) => {
    addError(
      `Uncaught ${error instanceof Error ? `${error.name}: ${error.message}` : String(error)}`,
    );
  });
  page.on("dialog", (dialog) => {
    remarks.add(`The page opened a dialog (${dialog.type()}): ${cutText(dialog.message())}`);
    dialog.dismiss().catch(() => {});
  });
  const failed = () =>
    [...failures.values()].toSorted((a, b) => a.order - b.order).map(({ entry }) => entry);
  return {
    quietMs(nowMs) {
      for (const sinceMs of open.values()) if (nowMs - sinceMs < LONG_POLL_MS) return 0;
      return nowMs - lastActivityMs;
    },
    lastNavigation: () => navigation && describeNavigation(navigation),
    consoleErrors: () => {
      const told = new Set(failed().map(({ url }) => url));
      return errors.filter(({ echoOf }) => !echoOf || !told.has(echoOf)).map(({ text }) => text);
    },
    failedRequests: failed,
    remarks: () => [...remarks].slice(0, 5),
  };
}

function describeNavigation(request: HTTPRequest): Navigation {
  const errorText = request.failure()?.errorText;
  const told = { url: request.url(), status: request.response()?.status() };
  return errorText === undefined ? told : { ...told, errorText };
}

/** Turns what the browser tells into what a person should read; undefined when it is no failure. */
export function describeFailure(
  rawUrl: string,
  method: string,
  status: number | undefined,
  errorText: string,
  proxy: Pick<TaskProxy, "refusal">,
): FailedRequest | undefined {
  const url = cutText(rawUrl);
  const target = URL.parse(rawUrl);
  const isNetwork = target !== null && /^(https?|wss?):$/.test(target.protocol);
  if (isNetwork && !isLoopbackName(target.hostname)) {
    return {
      url,
      method,
      reason: "outside of the sandbox: pictures reach the task's servers only",
    };
  }
  const refusal = isNetwork ? proxy.refusal(target.host) : undefined;
  if (status !== undefined) return { url, method, status };
  if (refusal) return { url, method, reason: refusal };
  // The page itself gave it up, such as by going elsewhere.
  if (errorText === "net::ERR_ABORTED") return undefined;
  return { url, method, reason: errorText };
}

/** The browser writes failed requests into the console too; those are told once. */
function echoedUrl(message: ConsoleMessage): string | undefined {
  return message.args().length === 0 ? message.location().url : undefined;
}

/** Bounds text that a page made. */
export function cutText(text: string, max = MAX_TEXT): string {
  return text.length > max ? `${text.slice(0, max)}…` : text;
}

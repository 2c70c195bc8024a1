import { cutText, type Navigation } from "./page-watch.ts";
import { CaptureError } from "./protocol.ts";
import { isLoopbackName, type TaskProxy } from "./proxy.ts";

const REASONS: Readonly<Record<string, string>> = {
  "net::ERR_TOO_MANY_REDIRECTS": "it redirects without end",
  "net::ERR_EMPTY_RESPONSE": "the server hung up without an answer",
  "net::ERR_CONNECTION_RESET": "the server hung up without an answer",
  "net::ERR_UNSAFE_REDIRECT": "it redirects to what no page may open",
  "net::ERR_UNSAFE_PORT": "browsers refuse that port",
  "net::ERR_INVALID_REDIRECT": "it redirects to what is no address",
};

/** What is wrong with where the page got to; undefined when it is a page of the sandbox. */
export function decideArrival(
  askedUrl: string,
  last: Navigation | undefined,
  proxy: Pick<TaskProxy, "refusal">,
): CaptureError | undefined {
  const url = URL.parse(last?.url ?? askedUrl);
  if (!last || !url) return new CaptureError("no-answer", `${askedUrl} gave no page.`);
  const isNetwork = url.protocol === "http:" || url.protocol === "https:";
  if (isNetwork && !isLoopbackName(url.hostname)) {
    const where = cutText(url.href, 200);
    return new CaptureError(
      "left-sandbox",
      `${askedUrl} leads to ${where}, which is outside of the sandbox.`,
    );
  }
  const refusal = proxy.refusal(url.host);
  const where = cutText(last.url, 200);
  if (refusal) return new CaptureError("no-answer", `${where} gave no page: ${refusal}.`);
  if (last.errorText === undefined) return undefined;
  if (last.errorText === "net::ERR_ABORTED") {
    return new CaptureError("not-a-page", `${where} answers with a download, or with nothing.`);
  }
  const why = REASONS[last.errorText] ?? last.errorText;
  return new CaptureError("no-answer", `${where} gave no page: ${why}.`);
}

import type { Context, MiddlewareHandler } from "hono";

const policy = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self'",
  "connect-src 'self'",
  "manifest-src 'self'",
  "form-action 'self'",
  "base-uri 'none'",
  "frame-ancestors 'none'",
].join("; ");

/**
 * The trust boundary of the page. Pages that agents made run in the same browser, on other names
 * and ports of this machine: a request counts only when it names us as host, which a rebound DNS
 * name does not, and when a browser that says where it comes from says it comes from our own page.
 */
export function guard(port: () => number): MiddlewareHandler {
  return async (context, next) => {
    const host = context.req.header("host") ?? "";
    if (host !== `127.0.0.1:${port()}` && host !== `localhost:${port()}`) {
      return context.text(`This page is at http://127.0.0.1:${port()} only.`, 421);
    }
    const refusal = foreign(context, host);
    if (refusal !== undefined) return context.text(refusal, 403);
    await next();
    const headers = context.res.headers;
    headers.set("Content-Security-Policy", headers.get("Content-Security-Policy") ?? policy);
    headers.set("X-Content-Type-Options", "nosniff");
    headers.set("X-Frame-Options", "DENY");
    // Not `no-referrer`: with it a browser names no origin when a form is sent.
    headers.set("Referrer-Policy", "same-origin");
    headers.set("Cross-Origin-Opener-Policy", "same-origin");
    headers.set("Cross-Origin-Resource-Policy", "same-origin");
    if (!headers.has("Cache-Control")) headers.set("Cache-Control", "no-store");
    return;
  };
}

function foreign(context: Context, host: string): string | undefined {
  const refused = "Colony takes this from its own page only.";
  const origin = context.req.header("origin");
  if (origin !== undefined && origin !== `http://${host}`) return refused;
  const safe = context.req.method === "GET" || context.req.method === "HEAD";
  if (!safe) return origin === undefined ? refused : undefined;
  const site = context.req.header("sec-fetch-site");
  const navigates = context.req.header("sec-fetch-mode") === "navigate";
  if (site === undefined || site === "same-origin" || site === "none" || navigates)
    return undefined;
  return refused;
}

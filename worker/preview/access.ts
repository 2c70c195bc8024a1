import type { IncomingHttpHeaders } from "node:http";
import {
  type PreviewTarget,
  parsePreviewHost,
  signPreview,
  verifyPreview,
} from "../protocol/preview-link.ts";
import { previewCookie, readCookie, withoutToken } from "./headers.ts";

const cookieLifetimeMs = 12 * 3_600_000;

/** What becomes of a request, before anything inside is touched. */
export type Access =
  | { readonly kind: "refused"; readonly reason: "noTask" | "notAllowed" | "otherOrigin" }
  /** A link was opened: set the cookie and go to the clean address. */
  | { readonly kind: "enter"; readonly location: string; readonly setCookie: string }
  | { readonly kind: "allowed"; readonly target: PreviewTarget; readonly origin: string };

/** Decides by Host, token, cookie and Origin alone. Pure. */
export function decideAccess(
  request: {
    readonly url: string;
    readonly headers: IncomingHttpHeaders;
    /** A WebSocket is sent its cookies by any page, so its Origin must be ours. */
    readonly isUpgrade: boolean;
  },
  key: Buffer,
  nowMs: number,
): Access {
  const host = request.headers.host ?? "";
  const target = parsePreviewHost(host);
  if (target === undefined) return { kind: "refused", reason: "noTask" };
  const origin = `http://${host.toLowerCase()}`;
  const { path, token } = withoutToken(request.url);
  if (token !== undefined && !request.isUpgrade) {
    if (!verifyPreview(key, "link", target, token, nowMs)) {
      return { kind: "refused", reason: "notAllowed" };
    }
    const value = signPreview(key, "cookie", target, nowMs + cookieLifetimeMs);
    const setCookie = `${previewCookie}=${value}; Path=/; HttpOnly; SameSite=Lax; Max-Age=${cookieLifetimeMs / 1000}`;
    // Two slashes would name another host.
    return { kind: "enter", location: path.replace(/^[/\\]+/, "/"), setCookie };
  }
  const cookie = readCookie(request.headers.cookie, previewCookie);
  if (cookie === undefined || !verifyPreview(key, "cookie", target, cookie, nowMs)) {
    return { kind: "refused", reason: "notAllowed" };
  }
  const from = request.headers.origin;
  if (request.isUpgrade && from !== undefined && from.toLowerCase() !== origin) {
    return { kind: "refused", reason: "otherOrigin" };
  }
  return { kind: "allowed", target, origin };
}

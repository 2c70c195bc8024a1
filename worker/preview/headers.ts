import { previewTokenParameter } from "../protocol/preview-link.ts";

/** Cookie that opens a preview; HttpOnly, and stripped before the application sees it. */
export const previewCookie = "colony_preview";

/** A cookie's value in a Cookie header. Pure. */
export function readCookie(header: string | undefined, name: string): string | undefined {
  const pair = header?.split(";").find((part) => part.trim().startsWith(`${name}=`));
  return pair?.trim().slice(name.length + 1);
}

/** The Cookie header without ours; empty where nothing is left. Pure. */
export function withoutPreviewCookie(header: string | undefined): string {
  const parts = (header ?? "").split(";").map((part) => part.trim());
  return parts.filter((part) => part !== "" && !part.startsWith(`${previewCookie}=`)).join("; ");
}

/** An application may set its own cookies, for its own host only, and never ours. Pure. */
export function safeSetCookies(values: readonly string[]): string[] {
  return values
    .filter((value) => !value.trimStart().startsWith(`${previewCookie}=`))
    .map((value) => value.replace(/;\s*domain=[^;]*/gi, ""));
}

/** A path and query without the token. Pure. */
export function withoutToken(url: string): { readonly path: string; readonly token?: string } {
  const index = url.indexOf("?");
  if (index < 0) return { path: url };
  const kept: string[] = [];
  let token: string | undefined;
  for (const part of url.slice(index + 1).split("&")) {
    if (part.startsWith(`${previewTokenParameter}=`)) {
      token = decodeURIComponentSafely(part.slice(previewTokenParameter.length + 1));
    } else kept.push(part);
  }
  const query = kept.length === 0 ? "" : `?${kept.join("&")}`;
  return { path: url.slice(0, index) + query, ...(token === undefined ? {} : { token }) };
}

/** Addresses by which a server on `port` calls itself. */
const ownNames = ["localhost", "127.0.0.1", "[::1]", "0.0.0.0"];

/** Replaces our origin by the one that the application knows itself by. Pure. */
export function toInside(value: string, ourOrigin: string, port: number): string {
  if (value !== ourOrigin && !value.startsWith(`${ourOrigin}/`)) return value;
  return `http://localhost:${port}${value.slice(ourOrigin.length)}`;
}

/** Replaces the application's own origin by ours. Pure. */
export function toOutside(value: string, ourOrigin: string, port: number): string {
  for (const name of ownNames) {
    const inside = `http://${name}:${port}`;
    if (value === inside || value.startsWith(`${inside}/`)) {
      return ourOrigin + value.slice(inside.length);
    }
  }
  return value;
}

function decodeURIComponentSafely(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return "";
  }
}

import { createHmac, timingSafeEqual } from "node:crypto";

/** Query parameter of a link; it never reaches the application. */
export const previewTokenParameter = "colony_preview";

/** What a token is good for: a link is exchanged for a cookie, a cookie opens the page. */
export type PreviewPurpose = "link" | "cookie";

/** One port of one task's sandbox. */
export interface PreviewTarget {
  readonly taskId: string;
  readonly port: number;
}

/** Token that opens the target until `expiresMs`. Pure. */
export function signPreview(
  key: Buffer,
  purpose: PreviewPurpose,
  target: PreviewTarget,
  expiresMs: number,
): string {
  const expires = Math.floor(expiresMs / 1000).toString(36);
  return `${expires}.${mac(key, purpose, target, expires)}`;
}

/** Whether the token is ours, for this purpose and target, and not expired. Pure. */
export function verifyPreview(
  key: Buffer,
  purpose: PreviewPurpose,
  target: PreviewTarget,
  token: string,
  nowMs: number,
): boolean {
  const [expires = "", given = "", ...rest] = token.split(".");
  if (rest.length > 0 || !/^[0-9a-z]{1,9}$/.test(expires)) return false;
  if (Number.parseInt(expires, 36) * 1000 < nowMs) return false;
  const wanted = Buffer.from(mac(key, purpose, target, expires));
  const got = Buffer.from(given);
  return got.length === wanted.length && timingSafeEqual(got, wanted);
}

function mac(key: Buffer, purpose: PreviewPurpose, target: PreviewTarget, expires: string): string {
  const text = `colony-preview/1/${purpose}/${target.taskId}/${target.port}/${expires}`;
  return createHmac("sha256", key).update(text).digest("base64url");
}

/** See `signPreviewLink`. */
export interface PreviewLinkOptions extends PreviewTarget {
  readonly key: Buffer;
  /** Port on which this host's preview proxy listens. */
  readonly previewPort: number;
  /** Path of the application to open. */
  readonly path: string;
  readonly nowMs: number;
  /** How long the link may lie about before it is opened. */
  readonly lifetimeMs?: number;
}

const usualLifetimeMs = 10 * 60_000;

/** The address that opens a running application; whoever has it may look until it expires. Pure. */
export function signPreviewLink(options: PreviewLinkOptions): string {
  const { key, previewPort, taskId, port, nowMs } = options;
  const url = new URL(`http://${previewHost({ taskId, port })}:${previewPort}/`);
  // Set piece by piece: a path such as `//evil.example` must not become a host.
  const [path, query] = splitOnce(options.path, "?");
  url.pathname = path.replace(/^\/*/, "/");
  url.search = query;
  const expiresMs = nowMs + (options.lifetimeMs ?? usualLifetimeMs);
  url.searchParams.set(
    previewTokenParameter,
    signPreview(key, "link", { taskId, port }, expiresMs),
  );
  return url.href;
}

/** Whether a link of `signPreviewLink` opens its target now. Pure. */
export function verifyPreviewLink(
  key: Buffer,
  link: URL,
  nowMs: number,
): PreviewTarget | undefined {
  const target = parsePreviewHost(link.host);
  const token = link.searchParams.get(previewTokenParameter);
  if (target === undefined || token === null) return undefined;
  return verifyPreview(key, "link", target, token, nowMs) ? target : undefined;
}

/** One label, and one site for each port of each task: siblings share neither cookies nor storage. */
export function previewHost(target: PreviewTarget): string {
  return `${target.taskId}-${target.port}.localhost`;
}

/** The target that a Host header names. Pure. */
export function parsePreviewHost(host: string): PreviewTarget | undefined {
  const match = /^([a-z0-9-]{1,32})-([1-9][0-9]{0,4})\.localhost(?::[0-9]{1,5})?$/i.exec(host);
  const port = Number(match?.[2]);
  if (match?.[1] === undefined || port > 65_535) return undefined;
  return { taskId: match[1].toLowerCase(), port };
}

function splitOnce(text: string, at: string): [string, string] {
  const index = text.indexOf(at);
  return index < 0 ? [text, ""] : [text.slice(0, index), text.slice(index + 1)];
}

import { z } from "zod";

/** One screen to look at the page with. Sizes are CSS pixels. */
export const viewportSchema = z.strictObject({
  name: z.string().min(1).max(40),
  width: z.int().min(100).max(3840),
  height: z.int().min(100).max(4096),
  deviceScaleFactor: z.number().min(0.5).max(3),
  isMobile: z.boolean(),
});

/** What a client sends: one line of JSON on a connection of its own. */
export const captureRequestSchema = z.strictObject({
  version: z.literal(1),
  /** Unix socket that dials the task's loopback: `PORT\n`, `OK\n`, raw bytes. */
  dialerPath: z.string().startsWith("/").max(107),
  port: z.int().min(1).max(65_535),
  /** Path and query below `http://localhost:<port>`. */
  path: z.string().startsWith("/").max(4096),
  viewports: z.array(viewportSchema).min(1).max(6),
  /** For everything, waiting for a free place too. */
  deadlineMs: z.int().min(100).max(300_000),
});

const failedRequestSchema = z.object({
  url: z.string(),
  method: z.string(),
  /** HTTP status, where there was an answer. */
  status: z.int().optional(),
  /** Why there was none. */
  reason: z.string().optional(),
});

const shotHeaderSchema = z.object({
  viewport: z.string(),
  width: z.int(),
  height: z.int(),
  /** The page goes on below the picture. */
  cut: z.boolean(),
  bytes: z.int().nonnegative(),
});

const captureHeaderSchema = z.object({
  ok: z.literal(true),
  shots: z.array(shotHeaderSchema),
  title: z.string(),
  url: z.string(),
  status: z.int(),
  consoleErrors: z.array(z.string()),
  failedRequests: z.array(failedRequestSchema),
  remarks: z.array(z.string()),
});

const failureHeaderSchema = z.object({
  ok: z.literal(false),
  reason: z.enum([
    "deadline",
    "no-answer",
    "left-sandbox",
    "not-a-page",
    "page-crashed",
    "browser-died",
    "bad-request",
    "busy",
    "internal",
  ]),
  message: z.string(),
});

/** First line of the answer; the PNGs follow in the order of `shots`, each `bytes` long. */
export const answerHeaderSchema = z.discriminatedUnion("ok", [
  captureHeaderSchema,
  failureHeaderSchema,
]);

export type Viewport = Readonly<z.infer<typeof viewportSchema>>;
export type CaptureRequest = Readonly<Omit<z.infer<typeof captureRequestSchema>, "version">>;
export type FailedRequest = Readonly<z.infer<typeof failedRequestSchema>>;
export type CaptureFailure = z.infer<typeof failureHeaderSchema>["reason"];
export type AnswerHeader = z.infer<typeof answerHeaderSchema>;

/** One picture: `width` and `height` are those of the PNG, in its own pixels. */
export interface Shot {
  readonly viewport: string;
  readonly png: Buffer;
  readonly width: number;
  readonly height: number;
  readonly cut: boolean;
}

/** What a page looked like and what went wrong in it. Every text comes from the page: untrusted. */
export interface Capture {
  readonly shots: readonly Shot[];
  readonly title: string;
  /** Where the page ended up. */
  readonly url: string;
  readonly status: number;
  readonly consoleErrors: readonly string[];
  readonly failedRequests: readonly FailedRequest[];
  /** Sentences for people: still loading, asked a question, and the like. */
  readonly remarks: readonly string[];
}

/** No picture. `message` is a sentence for people. */
export class CaptureError extends Error {
  override readonly name = "CaptureError";
  readonly reason: CaptureFailure;

  constructor(reason: CaptureFailure, message: string, options?: ErrorOptions) {
    super(message, options);
    this.reason = reason;
  }
}

/** The two screens that a review shows. */
export const DESKTOP: Viewport = {
  name: "desktop",
  width: 1280,
  height: 800,
  deviceScaleFactor: 1,
  isMobile: false,
};
export const PHONE: Viewport = {
  name: "phone",
  width: 390,
  height: 844,
  deviceScaleFactor: 2,
  isMobile: true,
};

import type { Draft, Tone } from "../post.ts";

/** A plain answer of one or a few sentences, in our own Markdown. */
export function sentence(markdown: string, tone: Tone = "plain"): Draft {
  return { fallback: markdown.replace(/[`*]/g, ""), blocks: [{ kind: "text", markdown, tone }] };
}

import type { Mark } from "../../post.ts";

const words: Record<Mark, string> = {
  received: "Received",
  queued: "Queued",
  working: "Working",
  "needs-you": "Needs you",
  ready: "Ready for review",
  merging: "Merging",
  merged: "Merged",
  failed: "Failed",
  stopped: "Stopped",
  discarded: "Discarded",
};

const shapes: Record<Mark, string> = {
  received: "M3.5 8.5 6.5 11.5 12.5 5",
  queued: "M8 4.5V8l2.5 1.5",
  working: "M8 2.5a5.5 5.5 0 0 1 5.5 5.5",
  "needs-you": "M8 4.5v4.5M8 11.300v.2",
  ready: "M4.800 8.300 7 10.5 11.200 5.800",
  merging: "M8 2.5a5.5 5.5 0 0 1 5.5 5.5",
  merged: "M4.800 8.300 7 10.5 11.200 5.800",
  failed: "M5.5 5.5l5 5m0-5-5 5",
  stopped: "M5.800 5.800h4.400v4.400H5.800z",
  discarded: "M5 8h6",
};

/** The sign of a state: a shape and a colour, and its word for those who see neither. */
export function MarkSign({ mark, withWord = false }: { mark: Mark; withWord?: boolean }) {
  const solid = mark === "merged" || mark === "failed" || mark === "needs-you";
  return (
    <span class={`mark mark-${mark}`} title={withWord ? undefined : words[mark]}>
      <svg viewBox="0 0 16 16" aria-hidden="true">
        {mark !== "received" && <circle cx="8" cy="8" r="6.5" class={solid ? "solid" : "ring"} />}
        <path d={shapes[mark]} class={solid ? "on-solid" : "stroke"} />
      </svg>
      <span class={withWord ? "word" : "unseen"}>{words[mark]}</span>
    </span>
  );
}

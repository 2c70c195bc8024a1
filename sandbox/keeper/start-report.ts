import type { Readable } from "node:stream";

/** How the launch script's steps went. */
export type StartReport =
  | { readonly ok: true }
  | { readonly ok: false; readonly step: string; readonly words: string };

/** Reads what the launch script says (see `renderLaunchScript`) to its end. */
export async function readStart(input: Readable): Promise<StartReport> {
  let text = "";
  for await (const chunk of input) text += String(chunk);
  return parseStart(text);
}

/** Lines are the names of steps, and the words of what failed after the last of them. */
export function parseStart(text: string): StartReport {
  const lines = text.trimEnd().split("\n");
  if (lines.at(-1) === "started") return { ok: true };
  const steps = ["mounting", "starting the runtime"];
  const at = lines.findLastIndex((line) => steps.includes(line));
  return { ok: false, step: lines[at] ?? "launching", words: lines.slice(at + 1).join(" ") };
}

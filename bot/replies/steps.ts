import type { RunRecord } from "../activity.ts";
import type { Block, DraftButton, Step } from "../post.ts";
import { cleanLines, cut, oneLine } from "./wording.ts";

const shownSteps = 3;
const excerptLines = 12;

/** The last few tool calls; the last one that failed stays in sight. */
export function stepsOf(record: RunRecord): readonly Block<DraftButton>[] {
  const last = record.steps.slice(-shownSteps);
  const failure = record.lastFailure;
  const hidden = failure !== undefined && !last.includes(failure);
  const shown = hidden ? [failure, ...last.slice(-(shownSteps - 1))] : last;
  if (shown.length === 0) return [];
  return [{ kind: "steps", earlier: record.tools - shown.length, steps: shown.map(shownStep) }];
}

/** After the run: the last failure, for whoever wants to look. */
export function failureOf(record: RunRecord): readonly Block<DraftButton>[] {
  if (record.lastFailure === undefined) return [];
  return [{ kind: "steps", earlier: 0, steps: [shownStep(record.lastFailure)], folded: true }];
}

/** A tool call with its last lines, opened. */
export function excerptOf(step: Step): Block<DraftButton> {
  return {
    kind: "excerpt",
    title: cut(oneLine(step.title), 120),
    text: lastLines(step.excerpt ?? "", excerptLines),
    tone: step.status === "failed" ? "bad" : "plain",
    ...(step.artifact === undefined ? {} : { artifact: step.artifact }),
  };
}

function shownStep(step: Step): Step {
  return {
    ...step,
    title: cut(oneLine(step.title), 120),
    ...(step.excerpt === undefined ? {} : { excerpt: lastLines(step.excerpt, excerptLines) }),
  };
}

export function lastLines(text: string, count: number): string {
  const lines = cleanLines(text).trimEnd().split("\n");
  const kept = lines.slice(-count).map((line) => cut(line, 400));
  return lines.length > count ? ["…", ...kept].join("\n") : kept.join("\n");
}

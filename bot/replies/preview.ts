import { isEnded, type Task } from "../../worker/protocol/task.ts";
import type { Shots } from "../activity.ts";
import type { Block, Draft, DraftButton, Picture } from "../post.ts";
import { cleanLines, counted, cut, oneLine } from "./wording.ts";

const shownLines = 6;

/** The one post with links to what runs in the sandbox. The platform signs the link on opening. */
export function renderPreview(task: Task): Draft {
  const ended = task.sandbox === "ended";
  if (task.previews.length === 0 || (ended && isEnded(task))) {
    const text = ended
      ? "The sandbox has ended, and its preview with it."
      : "Nothing serves a page in the sandbox now.";
    return { fallback: text, blocks: [{ kind: "text", markdown: text, tone: "quiet" }] };
  }
  const blocks: Block<DraftButton>[] = task.previews.map((preview) => {
    const title = cut(oneLine(preview.title), 60);
    return {
      kind: "link",
      label: title === "" ? "Open the preview" : `Open “${title}”`,
      url: previewUrl(task.id, preview.port),
      note: ended
        ? `port ${preview.port}; the sandbox sleeps, a reply wakes it`
        : `port ${preview.port}, running in the sandbox of ${task.id}`,
    };
  });
  return { fallback: `Preview of task ${task.id} is running.`, blocks };
}

/** A path on the page of ours, which signs the real link for whoever opens it. */
export function previewUrl(taskId: string, port: number): string {
  return `/preview/${taskId}/${port}`;
}

/** Pictures, and beside them what went wrong in the page. */
export function renderScreenshots(event: Shots): Draft {
  const page = oneLine(event.url);
  const blocks: Block<DraftButton>[] = [{ kind: "pictures", pictures: toPictures(event) }];
  const troubles = [
    ...troubleBlock("console error", event.consoleErrors),
    ...troubleBlock("failed request", event.failedRequests),
  ];
  blocks.push(...troubles);
  blocks.push({
    kind: "footer",
    parts: troubles.length === 0 ? [page, "no console errors, no failed requests"] : [page],
  });
  return { fallback: `Screenshot of ${page}.`, blocks };
}

/** The same for a result card: small, and of what went wrong only how much. */
export function picturesOf(event: Shots | undefined): readonly Block<DraftButton>[] {
  if (event === undefined || event.shots.length === 0) return [];
  const { consoleErrors, failedRequests } = event;
  const troubles = [
    ...(consoleErrors.length === 0 ? [] : [counted(consoleErrors.length, "console error")]),
    ...(failedRequests.length === 0 ? [] : [counted(failedRequests.length, "failed request")]),
  ];
  const markdown = `The page has ${troubles.join(" and ")}, told beside its pictures below.`;
  return [
    { kind: "pictures", pictures: toPictures(event), small: true },
    ...(troubles.length === 0 ? [] : [{ kind: "text", markdown, tone: "warn" } as const]),
  ];
}

function toPictures({ url, shots }: Shots): Picture[] {
  return shots.map(({ artifact, viewport }) => ({
    artifact,
    alt: `Screenshot of ${oneLine(url)}, ${oneLine(viewport)} width`,
    caption: oneLine(viewport),
  }));
}

function troubleBlock(name: string, lines: readonly string[]): Block<DraftButton>[] {
  if (lines.length === 0) return [];
  const shown = lines.slice(0, shownLines).map((line) => cut(cleanLines(line), 300));
  const more = lines.length > shownLines ? [`… ${lines.length - shownLines} more`] : [];
  return [
    {
      kind: "excerpt",
      title: counted(lines.length, name),
      text: [...shown, ...more].join("\n"),
      tone: "bad",
    },
  ];
}

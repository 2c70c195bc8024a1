import { type Chapter, text } from "./story.ts";
import { StoryError } from "./visitor.ts";

/** The four threads as a person would read them. */
export function renderTranscript(chapters: readonly Chapter[]): string {
  return chapters
    .map(({ title, messages }) =>
      [
        `# ${title}`,
        ...messages.map(
          (message) =>
            `**${message.person?.name ?? "Colony"}**: ${message.text ?? message.post?.fallback ?? ""}`,
        ),
      ].join("\n\n"),
    )
    .join("\n\n---\n\n")
    .concat("\n");
}

export interface DemoReceipt {
  readonly elapsedMs: number;
  readonly tasks: readonly { readonly request: string; readonly receipt: string }[];
  readonly landed: readonly {
    readonly commit: string;
    readonly author: string;
    readonly title: string;
  }[];
}

/** What is left of the story: one line per task, and the commits, read from the repository itself. */
export function toReceipt(
  chapters: readonly Chapter[],
  history: readonly {
    readonly commit: string;
    readonly author: string;
    readonly message: string;
  }[],
  elapsedMs: number,
): DemoReceipt {
  const landed = history.filter(({ message }) => /^Task-Id: /m.test(message));
  if (landed.length < chapters.length) {
    throw new StoryError(
      `${chapters.length} changes were merged, but main holds ${landed.length} of them.`,
    );
  }
  return {
    elapsedMs,
    tasks: chapters.map(({ title, messages }) => ({
      request: title,
      receipt:
        messages
          .map(text)
          .join("\n")
          .split("\n")
          .find((line) => line.includes("0 processes")) ?? "",
    })),
    landed: landed.map(({ commit, author, message }) => ({
      commit,
      author,
      title: message.split("\n")[0] ?? "",
    })),
  };
}

import type { Draft } from "../post.ts";
import { sentence } from "./sentence.ts";
import { code, cut, oneLine } from "./wording.ts";

export function renderUnknown(command: {
  readonly word: string;
  readonly nearest: string | undefined;
}): Draft {
  const meant =
    command.nearest === undefined
      ? "`/colony help` lists the words."
      : `Did you mean ${code(command.nearest)}? \`/colony help\` lists all words.`;
  return sentence(`${code(cut(oneLine(command.word), 60))} is no word that Colony knows. ${meant}`);
}

export function renderNoTask(word?: string, named?: string): Draft {
  if (named !== undefined) {
    return sentence(
      `There is no task ${code(cut(oneLine(named), 60))}. \`/colony status\` lists them.`,
    );
  }
  const which = word === undefined ? "A reply" : code(word);
  return sentence(
    `${which} belongs into the thread of a task, or name the task: ${code(`/colony ${word ?? "status"} k3f9ab`)}. \`/colony status\` lists them.`,
  );
}

/** Something was said in a channel without a command. */
export function renderChatter(text: string, message: string): Draft {
  const question = "Shall an agent do this? Messages that begin with `/colony run` go to one.";
  return {
    fallback: question,
    blocks: [
      { kind: "text", markdown: question, tone: "quiet" },
      {
        kind: "buttons",
        buttons: [
          {
            label: "Run it",
            style: "primary",
            deed: { kind: "run", request: text, message },
          },
        ],
      },
    ],
  };
}

export function renderTrouble(): Draft {
  return sentence(
    "Something went wrong in Colony itself, and nothing was done. Please try again; the bot's log says what it was.",
    "bad",
  );
}

import type { Block, Draft, DraftButton } from "../post.ts";
import { code } from "./wording.ts";

interface HelpWord {
  readonly usage: string;
  readonly about: string;
  readonly where: "channel" | "thread" | "both";
  readonly later?: string;
}

/** All words, by where they are said. */
export function renderHelp(words: readonly HelpWord[]): Draft {
  const there = words.filter((word) => word.later === undefined);
  const list = (part: readonly HelpWord[], slash: string) =>
    part.map((word) => `- ${code(`${slash}${word.usage}`)}: ${word.about}`).join("\n");
  const inChannel = there.filter((word) => word.where !== "thread");
  const inThread = there.filter((word) => word.where === "thread");
  const markdown = [
    "**In a channel**",
    list(inChannel, "/colony "),
    "**In a task's thread**, the word alone is enough",
    list(inThread, ""),
    "Any other reply in a thread goes to the agent. Options of `run` stand in brackets: `run [agent=codex base=dev repo=/path/or/url] …`.",
  ].join("\n\n");
  return { fallback: "Words that Colony knows.", blocks: [{ kind: "text", markdown }] };
}

/** First message of an empty installation. */
export function renderWelcome(): Draft {
  const blocks: Block<DraftButton>[] = [
    { kind: "title", text: "Welcome to Colony" },
    {
      kind: "text",
      markdown: [
        "Agents work here, each in a sandbox of its own; what they change is merged when you say so.",
        "1. Point this channel at your git repository: `/colony use /path/to/repository` or `/colony use https://…`\n2. Ask for something: `/colony run add a dark mode`\n3. Reply in its thread to steer; press **Merge** when you like what you see.",
        "Invite others with `/colony invite Grace Hopper`: they run tasks and decide on their own.",
        "Your agent is the one whose key `npm start` finds in its environment (`ANTHROPIC_API_KEY`, `OPENAI_API_KEY`, …), or the one you name: `/colony run --agent codex …`, or a command line in quotes. In the terminal, `npm run -s colony -- agents` lists them.",
        "Type `/` to see all words.",
      ].join("\n\n"),
    },
  ];
  return {
    fallback:
      "Welcome to Colony. Bind this channel to a repository with /colony use, then /colony run.",
    blocks,
  };
}

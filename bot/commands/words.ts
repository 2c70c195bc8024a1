/** A word that people say to Colony. */
export interface Word {
  readonly word: string;
  readonly usage: string;
  readonly about: string;
  readonly where: "channel" | "thread" | "both";
  /** Known, and not there yet: answered honestly. */
  readonly later?: string;
}

/** Every word, in the order in which help and completion show them. */
export const words: readonly Word[] = [
  {
    word: "run",
    usage: "run <request>",
    about: "Have an agent do something in this channel's repository",
    where: "channel",
  },
  {
    word: "use",
    usage: "use <path or URL>",
    about: "Bind this channel to a git repository",
    where: "channel",
  },
  { word: "repos", usage: "repos", about: "List the repositories", where: "channel" },
  {
    word: "invite",
    usage: "invite <name>",
    about: "A sign-in link for a member (admins)",
    where: "channel",
  },
  { word: "status", usage: "status", about: "What runs, and what waits for you", where: "both" },
  { word: "help", usage: "help", about: "All words", where: "both" },
  { word: "stop", usage: "stop", about: "Stop the agent; its files stay", where: "thread" },
  { word: "diff", usage: "diff", about: "Show the change", where: "thread" },
  { word: "files", usage: "files", about: "List the changed files", where: "thread" },
  { word: "merge", usage: "merge", about: "Put the change on the base branch", where: "thread" },
  { word: "retry", usage: "retry", about: "Do the request again on these files", where: "thread" },
  { word: "discard", usage: "discard", about: "Throw the change away", where: "thread" },
  { word: "preview", usage: "preview", about: "Link to what runs in the sandbox", where: "thread" },
  { word: "shot", usage: "shot", about: "Show the newest screenshots", where: "thread" },
  { word: "logs", usage: "logs", about: "Last lines of the agent's terminal", where: "thread" },
  {
    word: "now",
    usage: "now <text>",
    about: "Interrupt the agent with this",
    where: "thread",
  },
  {
    word: "net",
    usage: "net",
    about: "What the sandbox reached, and what was refused",
    where: "thread",
  },
  {
    word: "cost",
    usage: "cost",
    about: "What the task cost",
    where: "thread",
    later: "Costs are not counted yet.",
  },
  {
    word: "undo",
    usage: "undo",
    about: "Take a merged change back",
    where: "thread",
    later:
      "Undo is not there yet. Until then start a task: `/colony run revert commit …`, with the commit that the thread names.",
  },
  {
    word: "review",
    usage: "review <branch>",
    about: "Have agents review a branch",
    where: "channel",
    later: "Reviews are not there yet.",
  },
];

/** What the composer completes: the words that do something. */
export const completedWords = words.filter((word) => word.later === undefined);

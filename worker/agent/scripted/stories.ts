import { type Directive, languageHelp, parseScript } from "./language.ts";

/** A script under a name, played when a request uses its words; data, in the agent's own language. */
export interface Story {
  readonly name: string;
  readonly title: string;
  /** All of these must be found in the request. */
  readonly words: readonly RegExp[];
  readonly script: string;
}

/** Stories for the demo's web application (`worker/demo/`). */
export const stories: readonly Story[] = [
  // First, since a conflict is described with the words of the requests that made it.
  {
    name: "settle",
    title: "settles conflicts in the workspace by keeping both sides",
    // Also a bare "keep both": the driver adds the words about the conflict to every reply to one.
    words: [/settle|resolve|both/i, /conflict/i],
    script: `
plan Settle the conflict; Run the check
settle
run if [ -f check.mjs ]; then node check.mjs; fi
`,
  },
  {
    name: "headline",
    title: "gives the page a new headline and a colour theme",
    words: [/headline/i, /colou?r|theme/i],
    script: String.raw`
say I give the page a warmer headline and a colour theme.
plan Look at the page; Change the headline; Add a colour theme; Run the check; Show it
run ls -1 && head -n 12 index.html
sleep 1
replace /<h1>[^<]*<\/h1>/ by <h1>Bread worth getting up for</h1> in index.html
sleep 1
replace /--paper: [^;]*;\s*--ink: [^;]*;\s*--accent: [^;]*;/ by --paper: #fff6e9;\n  --ink: #3b2417;\n  --accent: #c2410c; in style.css
sleep 1
run node check.mjs
start node server.mjs on 3000
say The headline now says what the bakery is for, and the page has a warm theme: cream paper, dark brown ink, orange accents. The check passes; the page runs on port 3000.
`,
  },
  {
    name: "hours",
    title: "adds opening hours with an open-or-closed mark",
    words: [/opening hours|open now/i],
    script: String.raw`
say I add the opening hours below the menu, with a mark that says whether it is open.
plan Look at the page; Add the section; Style it; Run the check; Ask for the port; Show it
run grep -n "</main>" index.html
sleep 1
replace </main> by   <section id="hours">\n      <h2>Opening hours</h2>\n      <p>Tuesday to Sunday, 7 to 14</p>\n      <p class="mark" id="open">…</p>\n    </section>\n  </main>\n  <script>\n    const now = new Date();\n    const open = now.getDay() !== 1 && now.getHours() >= 7 && now.getHours() < 14;\n    document.getElementById("open").textContent = open ? "Open now" : "Closed now";\n  </script> in index.html
sleep 1
append style.css: \n.mark {\n  font-weight: 700;\n  color: var(--accent);\n}
run node check.mjs
ask Use port 3000 for a preview
start node server.mjs on 3000
say The page shows the opening hours and whether the bakery is open now. I changed index.html and style.css; the check passes; the page runs on port 3000.
`,
  },
  {
    name: "button-order",
    title: "rewords the button to Order online",
    words: [/button/i, /order/i],
    script: String.raw`
say I reword the button.
plan Find the button; Reword it; Run the check
run grep -n "class=\"button\"" index.html
replace /(class="button"[^>]*>)[^<]*</ by $1Order online< in index.html
run node check.mjs
say The button says "Order online".
`,
  },
  {
    name: "button-table",
    title: "rewords the button to Book a table",
    words: [/button/i, /table/i],
    script: String.raw`
say I reword the button.
plan Find the button; Reword it; Run the check
run grep -n "class=\"button\"" index.html
replace /(class="button"[^>]*>)[^<]*</ by $1Book a table< in index.html
run node check.mjs
say The button says "Book a table".
`,
  },
];

/** What to play for a request: its own directives, a story, or an honest answer. */
export function decideScript(request: string): readonly Directive[] {
  const own = parseScript(request);
  if (own.length > 0) return own;
  const story = stories.find((one) => one.words.every((word) => word.test(request)));
  if (story) return parseScript(story.script);
  return [{ kind: "say", text: describeMyself() }];
}

function describeMyself(): string {
  return [
    "I am the scripted agent that ships with Colony: I ask no model and cannot understand a free request. I changed nothing.",
    "",
    "I can play these stories on the demo's page; use their words:",
    ...stories.map((story) => `- **${story.name}**: ${story.title}`),
    "",
    "Or give me directives, one a line:",
    "```",
    ...languageHelp,
    "```",
    "For free requests run an agent with a model: `colony agents` lists them.",
  ].join("\n");
}

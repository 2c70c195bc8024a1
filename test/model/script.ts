/** What the offline model wants done next, whatever the agent calls its tools. */
export type ModelStep =
  | { readonly kind: "run"; readonly command: string }
  | { readonly kind: "write"; readonly path: string; readonly text: string }
  | { readonly kind: "say"; readonly text: string };

/** Scripts by the keyword that a request holds. */
export const modelScripts: Readonly<Record<string, readonly ModelStep[]>> = {
  "colony-edit": [
    { kind: "write", path: "hello.txt", text: "hello from the agent\n" },
    { kind: "run", command: "cat hello.txt && echo ran-it > ran.txt" },
    { kind: "say", text: "I wrote hello.txt and looked at it." },
  ],
  "colony-more": [
    { kind: "run", command: "echo one more line >> hello.txt" },
    { kind: "say", text: "I added a line to hello.txt." },
  ],
  "colony-long": [
    { kind: "run", command: "echo begun > begun.txt; sleep 120" },
    { kind: "say", text: "I slept for two minutes." },
  ],
  "colony-back": [{ kind: "say", text: "I am back, and I know what we did." }],
};

/** The part of a request that the model looks at. */
export interface ModelRequest {
  readonly messages: readonly { readonly role: string; readonly text: string }[];
  readonly tools: readonly ModelTool[];
}

export interface ModelTool {
  readonly name: string;
  readonly properties: Readonly<Record<string, { readonly type?: unknown }>>;
  readonly required: readonly string[];
}

export type ModelAnswer =
  | { readonly kind: "text"; readonly text: string }
  | {
      readonly kind: "call";
      readonly name: string;
      readonly args: Readonly<Record<string, unknown>>;
    };

/** Keyword of the last request, and the step after as many as there are tool results since. */
export function decideAnswer(request: ModelRequest, cwd: string): ModelAnswer {
  // Titles, summaries and classifiers come without tools: any text will do.
  if (request.tools.length === 0) return { kind: "text", text: sideAnswer(request) };
  const at = request.messages.findLastIndex(
    (message) => message.role === "user" && keywordOf(message.text) !== undefined,
  );
  const keyword = keywordOf(request.messages[at]?.text ?? "");
  if (keyword === undefined) return { kind: "text", text: "I know no script for that." };
  // Results of calls before the request may stand after it in one and the same message.
  const since = request.messages.slice(at);
  const first = since.findIndex((message) => message.role === "assistant");
  const answered = first < 0 ? [] : since.slice(first);
  const done = answered.filter((message) => message.role === "tool").length;
  const step = modelScripts[keyword]?.[done];
  if (!step) return { kind: "text", text: "That was all." };
  const profiles = request.messages.flatMap(
    (message) => /permission_profile type="(\w+)"/.exec(message.text)?.[1] ?? [],
  );
  return answerStep(step, request.tools, cwd, profiles.at(-1) === "managed");
}

/** Gemini lets a model choose the model, and wants its answer as JSON. */
function sideAnswer(request: ModelRequest): string {
  const choice = { reasoning: "small", model_choice: "flash", complexity_score: 10 };
  const wantsJson = request.messages.some((message) => message.text.includes("JSON"));
  return wantsJson ? JSON.stringify(choice) : "A small task";
}

function keywordOf(text: string): string | undefined {
  return Object.keys(modelScripts).find((keyword) => text.includes(keyword));
}

function answerStep(
  step: ModelStep,
  tools: readonly ModelTool[],
  cwd: string,
  confined: boolean,
): ModelAnswer {
  if (step.kind === "say") return { kind: "text", text: step.text };
  if (step.kind === "run") return runBy(tools, step.command, confined);
  const writer = tools.find((tool) => /^write(_file)?$/i.test(tool.name));
  if (!writer) return runBy(tools, `printf '%s' '${step.text}' > ${step.path}`, confined);
  const pathKey = ["file_path", "filePath", "path"].find((key) => key in writer.properties);
  const args = { [pathKey ?? "file_path"]: `${cwd}/${step.path}`, content: step.text };
  return { kind: "call", name: writer.name, args };
}

function runBy(tools: readonly ModelTool[], command: string, confined: boolean): ModelAnswer {
  const wanted = /^(bash|shell|shell_command|exec_command|run_shell_command|local_shell|execute)$/i;
  const runner = tools.find((tool) => wanted.test(tool.name));
  if (!runner)
    return {
      kind: "text",
      text: `No tool to run a command among ${tools.map((tool) => tool.name).join(", ")}`,
    };
  const key = "cmd" in runner.properties ? "cmd" : "command";
  const asArray = runner.properties[key]?.type === "array";
  const args: Record<string, unknown> = { [key]: asArray ? ["bash", "-c", command] : command };
  if (runner.required.includes("description")) args.description = "As asked";
  // Codex asks a person only where its model asks to leave Codex's own inner sandbox.
  if (confined && "sandbox_permissions" in runner.properties) {
    args.sandbox_permissions = "require_escalated";
    args.justification = "May I run this command?";
  }
  return { kind: "call", name: runner.name, args };
}

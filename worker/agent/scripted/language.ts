/** One thing that the scripted agent does. */
export type Directive =
  | { readonly kind: "write" | "append"; readonly path: string; readonly text: string }
  | { readonly kind: "replace"; readonly path: string; readonly from: string; readonly to: string }
  | { readonly kind: "remove"; readonly path: string }
  | { readonly kind: "run"; readonly command: string }
  | { readonly kind: "start"; readonly command: string; readonly port: number }
  | { readonly kind: "serve"; readonly port: number }
  | { readonly kind: "ask"; readonly title: string }
  | { readonly kind: "say"; readonly text: string }
  | { readonly kind: "plan"; readonly entries: readonly string[] }
  | { readonly kind: "sleep"; readonly seconds: number }
  | { readonly kind: "print"; readonly bytes: number }
  | { readonly kind: "raw"; readonly text: string }
  | { readonly kind: "settle" }
  | { readonly kind: "hang" }
  | { readonly kind: "fail"; readonly text: string }
  | { readonly kind: "exit"; readonly code: number };

/** The language, one line each; shown to whoever asks for something else. */
export const languageHelp: readonly string[] = [
  "write PATH: text",
  "append PATH: text",
  "replace A by B in PATH",
  "remove PATH",
  "run COMMAND",
  "start COMMAND on PORT",
  "serve PORT",
  "ask TITLE",
  "say TEXT",
  "plan one; two; three",
  "sleep SECONDS",
  "settle",
  "fail TEXT",
];

/**
 * Directives of a request: one a line, or several in a line with ` ;; ` between them. Lines that
 * are none are ordinary words and are passed over; a request without any yields an empty list.
 */
export function parseScript(request: string): Directive[] {
  const lines = request.split(/\r?\n|\s;;\s/).map((line) => line.trim());
  return lines.flatMap((line) => parseDirective(line) ?? []);
}

/** In texts `\n`, `\t` and `\\` mean what they mean in code. */
function plainText(text: string): string {
  return text.replace(/\\([nt\\])/g, (_, letter) =>
    letter === "n" ? "\n" : letter === "t" ? "\t" : "\\",
  );
}

function parseDirective(line: string): Directive | undefined {
  // Lower case only: "Run the tests, please" is a sentence and no command.
  const [, verb = "", rest = ""] = /^([a-z]+)\b\s*([\s\S]*)$/.exec(line) ?? [];
  switch (verb) {
    case "write":
    case "append":
      return parseWrite(verb, rest);
    case "replace": {
      const [, from, to, path] = /^([\s\S]+?) by ([\s\S]*) in (\S+)$/.exec(rest) ?? [];
      if (from === undefined || to === undefined || path === undefined) return undefined;
      return { kind: "replace", path, from: plainText(from), to: plainText(to) };
    }
    case "remove":
      return /^\S+$/.test(rest) ? { kind: "remove", path: rest } : undefined;
    case "run":
      return rest === "" ? undefined : { kind: "run", command: rest };
    case "start": {
      const [, command, port] = /^(.+) on (\d+)$/.exec(rest) ?? [];
      if (command === undefined || port === undefined) return undefined;
      return { kind: "start", command, port: Number(port) };
    }
    case "serve":
      return /^\d+$/.test(rest) ? { kind: "serve", port: Number(rest) } : undefined;
    case "ask":
      return rest === "" ? undefined : { kind: "ask", title: rest };
    case "say":
      return rest === "" ? undefined : { kind: "say", text: plainText(rest) };
    case "plan": {
      const entries = rest.split(";").map((entry) => entry.trim());
      return rest === "" ? undefined : { kind: "plan", entries: entries.filter(Boolean) };
    }
    default:
      return parsePlain(verb, rest);
  }
}

function parseWrite(kind: "write" | "append", rest: string): Directive | undefined {
  const colon = rest.indexOf(":");
  if (colon <= 0) return undefined;
  const text = plainText(rest.slice(colon + 1).replace(/^ /, ""));
  return {
    kind,
    path: rest.slice(0, colon).trim(),
    text: text.endsWith("\n") ? text : `${text}\n`,
  };
}

/** Words that stand alone or before a number; in a sentence they are words. */
function parsePlain(verb: string, rest: string): Directive | undefined {
  const amount = /^\d+(\.\d+)?$/.test(rest) ? Number(rest) : undefined;
  switch (verb) {
    case "sleep":
      return amount === undefined ? undefined : { kind: "sleep", seconds: amount };
    case "print":
      return amount === undefined ? undefined : { kind: "print", bytes: amount };
    case "exit":
      return { kind: "exit", code: amount ?? 0 };
    case "raw":
      return { kind: "raw", text: rest };
    case "fail":
      return { kind: "fail", text: rest || "The script says to fail." };
    case "settle":
      return { kind: "settle" };
    case "hang":
      return rest === "" ? { kind: "hang" } : undefined;
    default:
      return undefined;
  }
}

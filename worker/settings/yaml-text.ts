import { type Document, isMap, isNode, isScalar, LineCounter, parseDocument, visit } from "yaml";
import { SettingsError, type SettingsProblem } from "./settings-error.ts";

/** Far more than any settings need; a larger file is refused before it is parsed. */
const maxCharacters = 64 * 1024;
const maxDepth = 20;

/** The content of a settings file: every scalar is text as it was written. */
export interface YamlText {
  readonly value: unknown;
  /** Where the value of a path stands, or the nearest thing above it. */
  placeOf(path: readonly PropertyKey[]): { readonly line: number; readonly column: number };
  /** Where a key of the map at `path` stands. */
  placeOfKey(
    path: readonly PropertyKey[],
    key: string,
  ): { readonly line: number; readonly column: number };
}

/**
 * Parses untrusted YAML. Only maps, lists and plain text are taken: no anchors (a few lines of
 * aliases grow to gigabytes), tags, directives, second documents or doubled keys.
 */
export function parseYamlText(file: string, text: string): YamlText {
  const whole = (sentence: string): never => {
    throw new SettingsError(file, [{ line: 0, column: 0, key: "", sentence }]);
  };
  if (text.length > maxCharacters) {
    whole(`It has ${text.length} characters; at most ${maxCharacters} are read.`);
  }
  const lines = new LineCounter();
  const placeAt = (offset: number) => {
    const { line, col } = lines.linePos(offset);
    return { line: Math.max(line, 1), column: Math.max(col, 1) };
  };
  const nul = text.search(/[\0-\x08\x0b\x0c\x0e-\x1f\x7f]/);
  if (nul >= 0) {
    const line = text.slice(0, nul).split("\n").length;
    throw new SettingsError(file, [
      { line, column: 1, key: "", sentence: "It holds a control character; expected text." },
    ]);
  }
  const tooDeep = "It is nested too deeply.";
  // Bounded before the parser, which would answer a deep one with a full stack.
  if (isDeep(text)) whole(tooDeep);
  const document = parseDocument(text, {
    schema: "failsafe",
    lineCounter: lines,
    uniqueKeys: true,
    prettyErrors: false,
  });
  const problems = [
    ...[...document.errors, ...document.warnings].map((error) => ({
      ...placeAt(error.pos[0]),
      key: "",
      sentence: plainSentence(error.code, error.message),
    })),
    ...refusedNodes(document, placeAt),
  ];
  if (problems.length > 0) throw new SettingsError(file, problems.sort(byPlace));
  return {
    value: document.toJS() ?? {},
    placeOf(path) {
      for (let length = path.length; length > 0; length -= 1) {
        const node = document.getIn(path.slice(0, length).map(asKey), true);
        if (isNode(node) && node.range != null) return placeAt(node.range[0]);
      }
      return placeAt(document.contents?.range?.[0] ?? 0);
    },
    placeOfKey(path, key) {
      const map = path.length === 0 ? document.contents : document.getIn(path.map(asKey), true);
      const pair = isMap(map)
        ? map.items.find((item) => isScalar(item.key) && item.key.value === key)
        : undefined;
      const range = isNode(pair?.key) ? pair.key.range : undefined;
      return range == null ? this.placeOf(path) : placeAt(range[0]);
    },
  };
}

/** Whether brackets or list marks of one line open more levels than any settings have. */
function isDeep(text: string): boolean {
  let open = 0;
  for (const character of text) {
    if (character === "[" || character === "{") open += 1;
    if (character === "]" || character === "}") open = Math.max(0, open - 1);
    if (open > maxDepth * 2) return true;
  }
  return /(?:[-?:] +){20}/.test(text);
}

const plainTags = ["str", "map", "seq"].map((name) => `tag:yaml.org,2002:${name}`);

function refusedNodes(
  document: Document.Parsed,
  placeAt: (offset: number) => { line: number; column: number },
): readonly SettingsProblem[] {
  const problems: SettingsProblem[] = [];
  const refuse = (offset: number | undefined, sentence: string) => {
    problems.push({ ...placeAt(offset ?? 0), key: "", sentence });
    return visit.BREAK;
  };
  visit(document, {
    Alias: (_, node) => refuse(node.range?.[0], "Aliases (`*name`) are not taken; write it out."),
    Node(_, node, path) {
      if (path.length > maxDepth * 2) return refuse(node.range?.[0], "It is nested too deeply.");
      if ("anchor" in node && node.anchor !== undefined)
        return refuse(node.range?.[0], "Anchors (`&name`) are not taken; write it out.");
      if ("tag" in node && node.tag !== undefined && !plainTags.includes(node.tag))
        return refuse(node.range?.[0], plainSentence("TAG_RESOLVE_FAILED", ""));
      return undefined;
    },
    Pair(_, pair) {
      if (!isScalar(pair.key)) return refuse(undefined, "A key must be a plain word.");
      return undefined;
    },
  });
  return problems;
}

/** The parser's own words are for its makers; these are for the writer of the file. */
function plainSentence(code: string, message: string): string {
  const known: Record<string, string> = {
    DUPLICATE_KEY: "This key stands twice in the same place; keep one.",
    TAB_AS_INDENT: "It is indented by a tab; expected spaces.",
    MULTIPLE_DOCS: "A second document begins here (`---`); expected one.",
    TAG_RESOLVE_FAILED: "Tags (`!name`) are not taken.",
    BAD_INDENT: "The indentation does not fit what is above.",
    MISSING_CHAR: "A quote, bracket or colon is missing here or just above.",
  };
  return known[code] ?? `This is no YAML: ${message.split("\n")[0]?.slice(0, 200)}.`;
}

function byPlace(a: SettingsProblem, b: SettingsProblem): number {
  return a.line - b.line || a.column - b.column;
}

function asKey(part: PropertyKey): string | number {
  return typeof part === "symbol" ? String(part) : part;
}

import { closest, distance } from "fastest-levenshtein";
import { z } from "zod";
import { SettingsError, type SettingsProblem } from "./settings-error.ts";
import { parseYamlText, type YamlText } from "./yaml-text.ts";

/** Parses a settings file by its schema, or throws all that is wrong with it, with places. */
export function parseSettings<T>(file: string, text: string, schema: z.ZodType<T>): T {
  const yaml = parseYamlText(file, text);
  const result = schema.safeParse(yaml.value);
  if (result.success) return result.data;
  const problems = result.error.issues.flatMap((issue) => problemsOf(issue, yaml, schema));
  throw new SettingsError(
    file,
    problems.sort((a, b) => a.line - b.line || a.column - b.column),
  );
}

function problemsOf(
  issue: z.core.$ZodIssue,
  yaml: YamlText,
  schema: z.ZodType,
): readonly SettingsProblem[] {
  if (issue.code === "unrecognized_keys") {
    return issue.keys.map((key) => unknownKey(issue.path, key, yaml, schema));
  }
  const key = issue.path.map(String).join(".");
  if (issue.code === "invalid_key") {
    const name = String(issue.path.at(-1));
    const expected = issue.issues[0]?.message ?? "another name";
    const place = yaml.placeOfKey(issue.path.slice(0, -1), name);
    return [{ ...place, key, sentence: `\`${short(name)}\` is no name; expected ${expected}.` }];
  }
  const got = valueAt(yaml.value, issue.path);
  const place = yaml.placeOf(issue.path);
  if (key === "") {
    return [
      { ...place, key, sentence: `It is ${describe(got)}; expected keys, as \`check: npm test\`.` },
    ];
  }
  if (got === undefined) {
    return [{ ...place, key, sentence: `\`${key}\` is missing; expected ${issue.message}.` }];
  }
  const nearest = nearestWord(issue, got);
  return [
    {
      ...place,
      key,
      sentence: `\`${key}\` is ${describe(got)}${reasonOf(issue)}; expected ${issue.message}.${hint(nearest)}`,
      ...(nearest === undefined ? {} : { nearest }),
    },
  ];
}

function unknownKey(
  path: readonly PropertyKey[],
  key: string,
  yaml: YamlText,
  schema: z.ZodType,
): SettingsProblem {
  const known = knownKeys(schema, path);
  const nearest = nearestOf(key, known);
  const where = path.length === 0 ? "" : ` in \`${path.map(String).join(".")}\``;
  return {
    ...yaml.placeOfKey(path, key),
    key: [...path.map(String), key].join("."),
    sentence: `\`${short(key)}\` is not known${where}; expected one of ${known.join(", ")}.${hint(nearest)}`,
    ...(nearest === undefined ? {} : { nearest }),
  };
}

/** Why the value is none of those expected, where the field can say it. */
function reasonOf(issue: z.core.$ZodIssue): string {
  const why = issue.code === "custom" ? issue.params?.["why"] : undefined;
  return typeof why === "string" ? `, which ${why}` : "";
}

function hint(nearest: string | undefined): string {
  return nearest === undefined ? "" : ` Did you mean \`${nearest}\`?`;
}

/** The known word that was probably meant, if any is near enough to say so. */
export function nearestOf(word: string, known: readonly string[]): string | undefined {
  if (known.length === 0 || word.length > 100) return undefined;
  const lower = word.toLowerCase();
  const best = closest(lower, known);
  const mostEdits = Math.max(1, Math.floor(Math.max(lower.length, best.length) * 0.4));
  return distance(lower, best) <= mostEdits ? best : undefined;
}

function nearestWord(issue: z.core.$ZodIssue, got: unknown): string | undefined {
  if (issue.code === "invalid_value" && typeof got === "string") {
    return nearestOf(got, issue.values.map(String));
  }
  if (issue.code !== "custom") return undefined;
  const { got: word, known } = issue.params ?? {};
  return typeof word === "string" && Array.isArray(known) ? nearestOf(word, known) : undefined;
}

function knownKeys(schema: z.ZodType, path: readonly PropertyKey[]): readonly string[] {
  let at: unknown = schema;
  for (const part of path) {
    at = unwrap(at);
    at = at instanceof z.ZodObject ? at.shape[String(part)] : undefined;
  }
  at = unwrap(at);
  return at instanceof z.ZodObject ? Object.keys(at.shape) : [];
}

function unwrap(schema: unknown): unknown {
  if (schema instanceof z.ZodOptional) return unwrap(schema.unwrap());
  // A preprocessed value: what it is made into.
  return schema instanceof z.ZodPipe ? unwrap(schema.out) : schema;
}

function valueAt(value: unknown, path: readonly PropertyKey[]): unknown {
  return path.reduce<unknown>(
    (at, part) =>
      typeof at === "object" && at !== null && Object.hasOwn(at, part)
        ? (at as Record<PropertyKey, unknown>)[part]
        : undefined,
    value,
  );
}

function describe(value: unknown): string {
  if (Array.isArray(value)) return "a list";
  if (typeof value === "object" && value !== null) return "a group of keys";
  if (value === "" || value === undefined || value === null) return "empty";
  const text = typeof value === "string" ? value : JSON.stringify(value);
  return `\`${short(text)}\``;
}

function short(text: string): string {
  const line = text.replace(/[\s`\0-\x1f\x7f]+/g, " ");
  return line.length <= 60 ? line : `${line.slice(0, 59)}…`;
}

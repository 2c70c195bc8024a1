import { z } from "zod";

/*
 * The values that settings are made of. YAML scalars arrive as they were written, so that `1.10`
 * stays `1.10`; the `expected` of each is told to whoever wrote something else.
 */

const sizeUnits: Record<string, number> = { K: 1024, M: 1024 ** 2, G: 1024 ** 3, T: 1024 ** 4 };
const timeUnits: Record<string, number> = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/** `512M`, `4G`, `1.5G` → bytes; undefined when it is no size. */
export function parseSize(text: string): number | undefined {
  const found = /^(\d{1,15}(?:\.\d{1,3})?)\s*([KMGT])?i?B?$/i.exec(text.trim());
  if (found === null) return undefined;
  const bytes = Math.floor(Number(found[1]) * (sizeUnits[(found[2] ?? "").toUpperCase()] ?? 1));
  return Number.isSafeInteger(bytes) && bytes > 0 ? bytes : undefined;
}

/** `90s`, `20m`, `1h` → milliseconds; undefined when it is no time. */
export function parseDuration(text: string): number | undefined {
  const found = /^(\d{1,9}(?:\.\d{1,3})?)\s*(s|m|h|d)$/.exec(text.trim());
  if (found === null) return undefined;
  const ms = Math.floor(Number(found[1]) * (timeUnits[found[2] ?? "s"] ?? 1_000));
  // Node's timers hold no more.
  return ms > 0 && ms < 2 ** 31 ? ms : undefined;
}

function parsed(expected: string, parse: (text: string) => number | undefined, least = 1) {
  return z.string({ error: expected }).transform((text, context) => {
    const value = parse(text);
    if (value !== undefined && value >= least) return value;
    context.addIssue({ code: "custom", message: expected });
    return z.NEVER;
  });
}

export const sizeField = (leastBytes: number, leastText: string) =>
  parsed(`a size of at least ${leastText}, such as 512M or 4G`, parseSize, leastBytes);

export const timeField = parsed("a time such as 90s, 20m or 1h", parseDuration);

export const countField = (least: number, most: number) =>
  parsed(`a whole number from ${least} to ${most}`, (text) => {
    const value = /^\d{1,9}$/.test(text) ? Number(text) : undefined;
    return value !== undefined && value >= least && value <= most ? value : undefined;
  });

export const cpusField = parsed(
  "a number of processors such as 2 or 0.5",
  (text) => {
    const value = /^\d{1,4}(?:\.\d{1,3})?$/.test(text) ? Number(text) : undefined;
    return value !== undefined && value <= 1024 ? value : undefined;
  },
  0.01,
);

const commandExpected = "a command line of at most 10000 characters, such as `npm test`";
export const commandField = z
  .string({ error: commandExpected })
  .trim()
  .min(1, commandExpected)
  .max(10_000, commandExpected);

const pathExpected = "a path that begins with /, such as /login";
export const pathField = z
  .string({ error: pathExpected })
  .max(2_000, pathExpected)
  .regex(/^\/[^\s\\]*$/, pathExpected);

export const environmentField = z.record(
  z
    .string()
    .regex(/^[A-Za-z_][A-Za-z0-9_]{0,199}$/, "a variable's name: letters, digits and _ only"),
  z.string({ error: "text or a number" }).max(32_000, "text of at most 32000 characters"),
  { error: "variables as `NAME: value`" },
);

export const permissionsField = z.enum(["ask", "bypass"], {
  error: "`ask` (the agent asks before it acts) or `bypass`",
});

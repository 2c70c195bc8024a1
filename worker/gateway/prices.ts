import type { ReplyUsage } from "./usage.ts";

/** US dollars for a million tokens. */
interface Price {
  readonly input: number;
  readonly cacheRead: number;
  readonly cacheWrite: number;
  readonly output: number;
}

/** List prices by the beginning of a model's name; the longest that fits counts. */
const prices: Readonly<Record<string, Price>> = {
  "claude-opus-4": { input: 15, cacheRead: 1.5, cacheWrite: 18.75, output: 75 },
  "claude-opus-4-5": { input: 5, cacheRead: 0.5, cacheWrite: 6.25, output: 25 },
  "claude-sonnet-4": { input: 3, cacheRead: 0.3, cacheWrite: 3.75, output: 15 },
  "claude-haiku-4": { input: 1, cacheRead: 0.1, cacheWrite: 1.25, output: 5 },
  "claude-3-5-haiku": { input: 0.8, cacheRead: 0.08, cacheWrite: 1, output: 4 },
  "gpt-5": { input: 1.25, cacheRead: 0.125, cacheWrite: 0, output: 10 },
  "gpt-5-mini": { input: 0.25, cacheRead: 0.025, cacheWrite: 0, output: 2 },
  "gpt-5-nano": { input: 0.05, cacheRead: 0.005, cacheWrite: 0, output: 0.4 },
  "gpt-4.1": { input: 2, cacheRead: 0.5, cacheWrite: 0, output: 8 },
  "gpt-4.1-mini": { input: 0.4, cacheRead: 0.1, cacheWrite: 0, output: 1.6 },
  "gpt-4o": { input: 2.5, cacheRead: 1.25, cacheWrite: 0, output: 10 },
  "gpt-4o-mini": { input: 0.15, cacheRead: 0.075, cacheWrite: 0, output: 0.6 },
  "gemini-2.5-pro": { input: 1.25, cacheRead: 0.31, cacheWrite: 0, output: 10 },
  "gemini-2.5-flash": { input: 0.3, cacheRead: 0.075, cacheWrite: 0, output: 2.5 },
  "gemini-2.5-flash-lite": { input: 0.1, cacheRead: 0.025, cacheWrite: 0, output: 0.4 },
};

/** A model without a price counts as the dearest, so that a budget in dollars holds for it too. */
const dearest: Price = { input: 15, cacheRead: 1.5, cacheWrite: 18.75, output: 75 };

/** Cost of a reply, and whether its price was known. Pure. */
export function costOf(usage: ReplyUsage): { readonly usd: number; readonly known: boolean } {
  const name = Object.keys(prices)
    .filter((prefix) => usage.model.replace(/^.*\//, "").startsWith(prefix))
    .sort((left, right) => right.length - left.length)[0];
  const known = name === undefined ? undefined : prices[name];
  const price = known ?? dearest;
  const usd =
    (usage.inputTokens * price.input +
      usage.cacheReadTokens * price.cacheRead +
      usage.cacheWriteTokens * price.cacheWrite +
      usage.outputTokens * price.output) /
    1e6;
  return { usd, known: known !== undefined };
}
